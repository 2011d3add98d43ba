#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "qgemm/checkpoint.hpp"
#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm {

/// What a layer multiplies, as it is or smoothed.
struct LayerOperands {
  ConstMatrixView activations;  ///< A[M,K] in f32, finite.
  ConstMatrixView calibration;  ///< The tokens that scales given ahead are made of, alike.
  ConstMatrixView weights;      ///< The sampled rows of W[N,K] in f32, finite.
  float weight_absmax = 0;      ///< Of all of W: what one scale for the matrix is made of.
  /// Where the checkpoint has quantized W: as it is stored, and which of its rows are sampled.
  const StoredWeight* stored = nullptr;
  std::span<const std::int64_t> channels;
};

/// The SQNR in dB of each scheme's product, rounded to bf16, against `truth`, M × sampled rows. Schemes that quantize
/// alike are computed once.
std::vector<double> scheme_sqnr(const LayerOperands& operands, std::span<const Scheme> schemes,
                                std::span<const double> truth);

}  // namespace qgemm
