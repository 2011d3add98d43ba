// Compiled for AMX-INT8; reached only where the CPU has it and the system lets this process use its tile registers.
// Written against Intel's Architecture Instruction Set Extensions Programming Reference (319433), chapter 3.
#include <immintrin.h>

#include "engines/avx512/tile_kernel.hpp"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace qgemm::avx512 {
namespace {

/// Eight tile registers of 16 rows of 64 bytes. Two tiles of activations × two of weights are four of sums: each
/// operand is used twice, as much as eight registers allow.
constexpr int tile_rows = 16, tile_bytes = 64, channels = 32, most_rows = 2 * tile_rows;

/// The operand of LDTILECFG (its table 3-1).
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

/// Tiles 0 and 1 are sums of the upper rows, 2 and 3 of the lower ones; 4 and 5 activations of both; 6 and 7 weights.
void configure(int upper_rows, int lower_rows) {
  TileConfig config;
  const auto upper = static_cast<std::uint8_t>(upper_rows), lower = static_cast<std::uint8_t>(lower_rows);
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = tile_bytes;
    config.rows[tile] = tile_rows;
  }
  config.rows[0] = config.rows[1] = config.rows[4] = upper;
  config.rows[2] = config.rows[3] = config.rows[5] = lower;
  // gcc's intrinsic says that it reads eight bytes, where LDTILECFG reads 64: all of them have to be in memory.
  __asm__ volatile("" : : "r"(&config) : "memory");
  _tile_loadconfig(&config);
}

constexpr std::int64_t lower_sums = std::int64_t{tile_rows} * channels;   // where the lower rows' begin
constexpr int sums_stride = channels * 4, weights_stride = channels * 4;  // bytes

void begin(const TileWork& work, bool lower) {
  // A stride of zero reads the one row of starting values again and again.
  const std::int32_t* from = work.start != nullptr ? work.start : work.sums;
  const int stride = work.start != nullptr ? 0 : sums_stride;
  _tile_loadd(0, from, stride);
  _tile_loadd(1, from + 16, stride);
  if (!lower) return;
  if (work.start == nullptr) from += lower_sums;
  _tile_loadd(2, from, stride);
  _tile_loadd(3, from + 16, stride);
}

template <bool Lower>
void multiply(const TileWork& work) {
  const std::uint8_t* a = work.a;
  const std::int8_t* w = work.w;
  const std::int8_t* next = work.next;
  for (std::int64_t chunk = 0; chunk < work.chunks; ++chunk) {
    for (int line = 0; line < 4 * work.next_lines; ++line, next += 64) __builtin_prefetch(next, 0, 2);
    _tile_loadd(6, w, weights_stride);
    _tile_loadd(7, w + tile_bytes, weights_stride);
    _tile_loadd(4, a, chunk_values);
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    if constexpr (Lower) {
      _tile_loadd(5, a + tile_rows * chunk_values, chunk_values);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
    a += work.rows * chunk_values;
    w += channels * chunk_values;
  }
}

void run(const TileWork& work) {
  const bool lower = work.rows > tile_rows;
  configure(lower ? tile_rows : work.rows, lower ? work.rows - tile_rows : tile_rows);
  begin(work, lower);
  if (lower) {
    multiply<true>(work);
  } else {
    multiply<false>(work);
  }
  _tile_stored(0, work.sums, sums_stride);
  _tile_stored(1, work.sums + 16, sums_stride);
  if (lower) {
    std::int32_t* to = work.sums + lower_sums;
    _tile_stored(2, to, sums_stride);
    _tile_stored(3, to + 16, sums_stride);
  }
  _tile_release();
}

/// Linux gives a process the tile registers' state only when it asks for it (Documentation/arch/x86/xstate.rst).
bool usable() {
#ifdef __linux__
  constexpr long request_permission = 0x1023, tile_data = 18;
  static const bool granted = ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  return granted;
#else
  return false;
#endif
}

}  // namespace

extern const TileKernel amx_int8_kernel;
const TileKernel amx_int8_kernel = {"amx_int8", most_rows, channels, false, usable, run};

}  // namespace qgemm::avx512
