#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "core/case.hpp"
#include "engine/engine.hpp"
#include "qgemm/sweep.hpp"
#include "run/verify.hpp"

namespace qgemm {

/// A case that an engine will run, and the row it becomes.
struct PlannedRow {
  Case c;
  const Engine* engine = nullptr;
  int weight_sets = 1;
  Result row;
};

/// What the rows of a point are measured with.
struct PointInputs {
  std::shared_ptr<const LayerWeights> weights;
  ConstMatrixView activations;      ///< bf16 [M,K].
  ConstMatrixView activations_f32;  ///< The same values; only where a row needs them (`f32`).
  std::vector<float> bias;
  const std::vector<double>* truth = nullptr;
  const Sample* sample = nullptr;
  LayerProofs* proofs = nullptr;
};

/// Prepares, checks and times `rows` together: one sample of each in random order, round by round, until each has
/// enough or `stop` is set. Fills outcome, message, kernel, times, accuracy; a row whose result was wrong, or that
/// could not run, has no time. Rows that `stop` left without a sample are `skipped`.
void measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                      std::mt19937_64& order, const std::atomic<bool>* stop);

}  // namespace qgemm
