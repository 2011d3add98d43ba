#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "device/cpu_info.hpp"

namespace qgemm {

/// What a peak kernel multiplies: enough for eight registers of any width, random, because constant operands switch few
/// transistors and let a power-limited chip run faster than real work does.
struct PeakOperands {
  alignas(64) std::array<std::uint8_t, 512> bytes;     ///< As int8, signed or not.
  alignas(64) std::array<float, 128> floats;           ///< In ±[0.5, 1).
  alignas(64) std::array<std::uint16_t, 256> bfloats;  ///< The same numbers' upper halves, as bf16.
};

/// The same numbers at every call.
PeakOperands make_peak_operands();

/// A loop of one kind of multiply-add over registers only, with more independent sums than its latency needs. `sink`
/// takes 64 bytes of the sums, so that nothing is optimized away.
struct PeakKernel {
  std::string_view limit;        ///< int8, bf16 or f32.
  std::string_view instruction;  ///< What it runs on, for the limit's method.
  double operations = 0;         ///< Multiplies plus adds of one iteration.
  void (*run)(const PeakOperands& operands, std::int64_t iterations, void* sink) = nullptr;
};

/// The fastest kernel of each kind for a CPU. bf16 is missing without an instruction for it; int8 and bf16 are missing
/// where AMX multiplies them, since a vector loop's rate is far below what a library reaches there.
std::vector<PeakKernel> peak_kernels(const CpuFeatures& features);

/// One list a source file; x86's is empty on other architectures.
std::vector<PeakKernel> plain_peak_kernels();
std::vector<PeakKernel> x86_peak_kernels(const CpuFeatures& features);

}  // namespace qgemm
