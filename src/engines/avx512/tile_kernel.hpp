#pragma once
#include <cstdint>

namespace qgemm::avx512 {

/// K is padded to whole chunks of so many values: a cache line of activations.
constexpr std::int64_t chunk_values = 64;
/// Values of K that one 32-bit lane of a dot-product instruction sums.
constexpr std::int64_t group_values = 4;

/// Where a tile's results go and what makes them of its sums: D[m,n] = s_a[m]·(s_w[n]·float(sum − azp[m]·colsum[n])) +
/// bias[n], in float32 with one rounding each, then one to the type of D. Of each channel's values there are as many as
/// the kernel has channels, padded where D has fewer.
struct TileResult {
  const float* scale_a;        ///< Row r's at scale_a[r · scale_a_step].
  int scale_a_step;            ///< 0 or 1.
  int azp_step;                ///< 0 or 1.
  const std::int32_t* azp;     ///< Zero points, row r's at azp[r · azp_step]; null: none. The difference is an int32.
  const std::int32_t* colsum;  ///< One a channel where there are zero points.
  const float* scale_w;        ///< One a channel.
  const float* bias;           ///< One a channel, or null.
  void* d;                     ///< D at the tile's first row and channel.
  std::int64_t stride;         ///< Bytes from row to row.
  int type;                    ///< 0: f32, 1: bf16, 2: f16.
  int channels;                ///< That D has here, 1 … the kernel's.
};

/// One tile's work, as raw pointers: these structs cross into files compiled for other instruction sets, where an
/// inline function of a library header would leave code behind that older CPUs cannot run.
struct TileWork {
  const std::uint8_t* a;  ///< Activations + 128: [chunks][rows][64], 64-byte aligned.
  const std::int8_t* w;   ///< Weights: [chunks · 16][channels][4], 64-byte aligned.
  std::int64_t chunks;    ///< Chunks of K to multiply, ≥ 1.
  int rows;               ///< 1 … the kernel's `rows`.
  const std::int32_t*
      start;                 ///< What the sums of each row begin with, `channels` values; null: with what is in `sums`.
  std::int32_t* sums;        ///< [rows][channels], 64-byte aligned: Σ a·w + start.
  const std::int8_t* next;   ///< Weights that are multiplied later, fetched into L2 meanwhile.
  int next_lines;            ///< How many of their cache lines for each quarter of a chunk; 0: none.
  bool fetch_a;              ///< Activations come from beyond L2: fetch them two chunks ahead.
  const TileResult* result;  ///< Results instead of sums (`sums` is not written); null, or the kernel `finishes`.
};

/// The inner loops for one instruction set.
struct TileKernel {
  const char* name;  ///< "avx512_vnni"
  int rows;          ///< Most rows of a tile.
  int channels;      ///< Output channels of a tile and of a panel of packed weights.
  bool finishes;     ///< It can take a `TileResult`.
  bool (*usable)();  ///< Asks the system for what its registers need, where it has to be asked; null: nothing.
  void (*run)(const TileWork& work);
};

}  // namespace qgemm::avx512
