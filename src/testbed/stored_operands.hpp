#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "qgemm/sweep.hpp"
#include "quantize/quantized.hpp"
#include "testbed/planned_row.hpp"

namespace qgemm {

/// Elements of a model's product that are checked one by one: its own channels differ in size by orders of magnitude,
/// so that a few dozen of them say little of the error.
inline constexpr std::int64_t model_sample = 16384;

/// A layer's weight of a checkpoint as a sweep multiplies it.
struct LayerWeight {
  Matrix original;  ///< W[N,K] as it is stored; of a quantized one what it stands for, f32.
  /// Of a quantized one the codes (s8 or e4m3) and their scales: one where all rows have the same, else one a row.
  std::optional<QuantizedWeights> quantized;
};

/// The operands of a sweep over a checkpoint (`SweepOptions::weights`): one layer's at a time, read when it is asked
/// for.
class StoredOperands {
 public:
  /// Opens what `options` names. Throws `InvalidInput`.
  explicit StoredOperands(const SweepOptions& options);

  /// Throws `InvalidInput` where a point's weights or activations cannot be read.
  void check(const std::vector<Point>& points) const;

  /// Throws `InvalidInput`, `OutOfMemory`.
  LayerWeight weight(const Point& point) const;
  /// What is recorded of the point's activations, M tokens of bf16; nothing where no file was named.
  std::optional<StoredActivations> activations(const Point& point) const;
  /// Where an operand comes from, for the reader; `random`: the distribution of those that are made up.
  std::string origin(bool weights, const std::string& random) const;
  /// Bytes that the point's weight takes, original and stored, beyond a bf16 original.
  std::int64_t extra_bytes(const Point& point) const;

 private:
  const Layer& layer(const Point& point) const;

  std::int64_t rank_, decoder_layer_;
  Model model_;
  Checkpoint checkpoint_;
  std::optional<Checkpoint> recorded_;
};

/// Says in each measured row where `m` tokens are more than were recorded.
void note_repeated_tokens(const std::vector<PlannedRow*>& rows, std::int64_t recorded, std::int64_t m);

}  // namespace qgemm
