#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/dtype.hpp"
#include "qgemm/result.hpp"

namespace qgemm {

/// What `qgemm quantize` measures: the quantization of activations alone.
struct QuantizeCostOptions {
  std::vector<std::int64_t> batch_sizes{1, 16, 64, 256, 1024, 4096};  ///< M
  std::vector<std::int64_t> widths{4096, 14336};                      ///< K
  std::string device = "auto";  ///< auto (the first GPU that works, else the CPU), cpu, cuda or cuda:N.
  /// Parts of providers' names: token, tensor (static scale), dyntensor, each with -azp too, and on a GPU with fp8-
  /// before it (to e4m3, without azp).
  std::vector<std::string> schemes{"token", "tensor", "dyntensor", "token-azp"};
  DType input = DType::bf16;  ///< bf16, f16 or f32
  int threads = 0;
  double max_time = 0.2, max_noise = 1.0;  ///< Seconds of samples a row; percent.
  int min_samples = 5;
  std::uint64_t seed = 0;
};

/// One quantization measured; times are microseconds of one call on the same buffers.
struct QuantizeCost {
  std::string scheme;
  std::int64_t m = 0, k = 0;
  double median_us = 0, p20_us = 0, p80_us = 0, noise_pct = 0;
  std::int64_t samples = 0;
  std::int64_t bytes = 0;  ///< Input read once and int8 written once (a row's second pass comes from the cache).
  double gbps = 0;         ///< bytes / median.
  std::string level;       ///< Where input and output fit: l2, l3 (a CPU's) or memory.
  double limit_share = 0;  ///< gbps ÷ that level's copy bandwidth; 0 where it was not measured.
};

/// Throws `InvalidInput` naming the option that is out of range or unknown.
void check(const QuantizeCostOptions& options);

/// Measures every scheme × K × M, checks that the result equals the reference's on a few rows. `limits` as `qgemm
/// limits` measures them, of the same device. Ends early, with what it has, once `stop` is set. Throws `InvalidInput`
/// for bad options, `Unavailable` for a device that cannot be used, `OutOfMemory`, `Error` where a result is wrong.
std::vector<QuantizeCost> measure_quantize_cost(const QuantizeCostOptions& options, const std::vector<Limit>& limits,
                                                const std::atomic<bool>* stop = nullptr);

}  // namespace qgemm
