#pragma once
#include <cstdint>
#include <span>

#include "qgemm/checkpoint.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {

/// The rows of a layer's weight as float32, whatever their type; a quantized weight's times their scales.
class WeightRows {
 public:
  /// `weight` has to outlive this.
  explicit WeightRows(const StoredWeight& weight) : weight_(weight) {}

  std::int64_t rows() const { return weight_.weight.rows(); }
  std::int64_t cols() const { return weight_.weight.cols(); }
  /// True where the checkpoint has quantized them.
  bool quantized() const { return weight_.weight.dtype() == DType::s8 || weight_.weight.dtype() == DType::e4m3; }
  const StoredWeight& stored() const { return weight_; }
  /// Writes row n to `out`, which has room for `cols()`.
  void read(std::int64_t n, float* out) const;
  /// These rows one below the other, f32.
  Matrix gather(std::span<const std::int64_t> rows) const;

 private:
  const StoredWeight& weight_;
};

/// Any matrix of floats as f32.
Matrix as_f32(const ConstMatrixView& x);

}  // namespace qgemm
