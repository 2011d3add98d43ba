#pragma once
#include "kernels/wgmma/dequantize.cuh"
#include "kernels/wgmma/ptx.cuh"
#include "kernels/wgmma/quantize_tokens.cuh"
#include "kernels/wgmma/schedule.cuh"

namespace qgemm::kernels::wgmma {

struct Parameters {
  CUtensorMap row_map, column_map;  ///< The operands: the tensor cores' rows and columns.
  CUtensorMap last_map;             ///< The tokens of the last tile along M, which may be fewer.
  int last_tile = -1;               ///< That tile's row or column; −1: it has as many as the others.
  std::uint32_t last_bytes = 0;     ///< What a stage of it gets.
  CUtensorMap result_map;
  Tokens tokens;  ///< For designs that quantize; these have no map of columns.
  Dequantize how;
  Schedule schedule;
  int steps = 0;                 ///< ⌈K/step_k⌉
  bool streams_weights = false;  ///< They are the first to leave L2.
  bool overlaps = false;         ///< The kernel before this one may still be at work on the activations.
};

/// Where a block is in its cluster.
template <class Design>
struct Seat {
  int part, row, column;  ///< Of K; of the cluster's tiles.

  __device__ __forceinline__ explicit Seat(int rank)
      : part(rank / (Design::cluster_rows * Design::cluster_columns)),
        row(rank / Design::cluster_columns % Design::cluster_rows),
        column(rank % Design::cluster_columns) {}
  static __device__ __forceinline__ int rank(int part, int row, int column) {
    return (part * Design::cluster_rows + row) * Design::cluster_columns + column;
  }
};

/// The ring of stages, as its loader and its readers walk it.
template <class Design>
struct Ring {
  std::uint32_t base, barriers;
  int stage = 0;
  std::uint32_t parity = 0;

  __device__ __forceinline__ explicit Ring(std::uint32_t shared)
      : base(shared), barriers(shared + Design::barrier_offset) {}
  __device__ __forceinline__ std::uint32_t full(int s) const { return barriers + static_cast<std::uint32_t>(8 * s); }
  __device__ __forceinline__ std::uint32_t empty(int s) const { return full(Design::stages + s); }
  /// Counts the partial sums that other blocks send.
  __device__ __forceinline__ std::uint32_t gathered() const { return full(2 * Design::stages); }
  /// The tokens are there; they are quantized, and their stages free.
  __device__ __forceinline__ std::uint32_t tokens() const { return full(2 * Design::stages + 1); }
  __device__ __forceinline__ std::uint32_t quantized() const { return full(2 * Design::stages + 2); }
  __device__ __forceinline__ std::uint32_t rows(int s) const {
    return base + static_cast<std::uint32_t>(s * Design::stage_bytes);
  }
  __device__ __forceinline__ std::uint32_t columns(int s) const { return rows(s) + Design::rows_bytes; }
  __device__ __forceinline__ void advance() {
    if (++stage == Design::stages) {
      stage = 0;
      parity ^= 1;
    }
  }
  __device__ __forceinline__ void skip(int rounds, int stages) {
    stage += stages;
    parity ^= static_cast<std::uint32_t>(rounds) & 1U;
    if (stage >= Design::stages) {
      stage -= Design::stages;
      parity ^= 1;
    }
  }
};

}  // namespace qgemm::kernels::wgmma
