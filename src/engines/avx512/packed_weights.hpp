#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/operands.hpp"
#include "engines/avx512/tile_kernel.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::avx512 {

/// W[N,K] as the kernels read it, in `sets` copies of distinct memory: panels of `channels` output channels, in each
/// the values of K by fours, [panel][K/4][channels][4]; N padded to whole panels and K to whole chunks, with zeros.
class PackedWeights {
 public:
  /// From `w`, s8 [N,K] with column sums `colsum`, on `threads` threads. Throws `OutOfMemory`.
  PackedWeights(const ConstMatrixView& w, const std::vector<std::int32_t>& colsum, int channels, int sets, int threads);

  const std::int8_t* panel(int set, std::int64_t panel) const {
    return buffers_[static_cast<std::size_t>(set)].as<std::int8_t>() + panel * panel_bytes_;
  }
  /// What the sums of a panel's channels begin with, so that activations + 128 give those of the activations:
  /// −128·colsum, and 0 for channels that are padding.
  const std::int32_t* compensation(std::int64_t panel) const {
    return compensation_.as<std::int32_t>() + panel * channels_;
  }
  int sets() const { return static_cast<int>(buffers_.size()); }
  /// Of all sets.
  std::int64_t bytes() const { return panels_ * panel_bytes_ * sets(); }

  static std::int64_t bytes_of_one(std::int64_t n, std::int64_t k, int channels);

 private:
  int channels_;
  std::int64_t panels_, panel_bytes_;
  std::vector<AlignedBuffer> buffers_;  ///< One a set.
  AlignedBuffer compensation_;
};

/// The packed weights of a layer in the form for `channels`, made once for all batch sizes and providers that can share
/// them.
std::shared_ptr<const PackedWeights> shared_weights(const LayerWeights& weights, ScaleGranularity granularity,
                                                    int channels, int sets, int threads);

}  // namespace qgemm::avx512
