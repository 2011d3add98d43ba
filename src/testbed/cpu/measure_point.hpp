#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "qgemm/sweep.hpp"
#include "testbed/cpu/verify.hpp"
#include "testbed/planned_row.hpp"

namespace qgemm {

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

/// Seconds of samples a row takes at most where the options name none: the 168 rows of the default sweep then fit into
/// four minutes.
inline constexpr double default_row_seconds = 0.6;

/// Prepares, checks and times `rows` together: one sample of each in random order, round by round, until each has
/// enough or `stop` is set. The rows' engines are `HostEngine`s. Fills outcome, message, kernel, times, accuracy; a row
/// whose result was wrong, or that could not run, has no time. Rows that `stop` left without a sample are `skipped`.
void measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                      std::mt19937_64& order, const std::atomic<bool>* stop);

}  // namespace qgemm
