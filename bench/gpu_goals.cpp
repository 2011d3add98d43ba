// How far the GPU kernels are from their goals: Llama-3.1-8B's four layers × 11 batch sizes, hot and cold, our engine
// beside cuBLASLt's bf16 and the reference's own choice of kernels, all interleaved by the sweep that users run.
//
// bench_gpu_goals [int8|fp8] [--points]
//
//                                          goal, hot   cold
//   bf16 / dynamic                              2.00   1.85
//   bf16 / noquant                              2.15   2.00
//   dynamic / noquant                           1.05   1.05   (at most)
//   share of the limit, noquant                 0.88   0.80
//   slower than cutlass-vllm or bf16            none, beyond noise
//
// The limit is that of the figures this project started from, so that they compare: the larger of 2MNK / 1,940 TFLOP/s
// and the bytes of A, W and D, each once, / 3.03 TB/s.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "qgemm/sweep.hpp"

namespace {

using namespace qgemm;

double limit_us(const Shape& s) {
  const double m = static_cast<double>(s.m), n = static_cast<double>(s.n), k = static_cast<double>(s.k);
  return std::max(2 * m * n * k / 1940e6, (m * k + n * k + 2 * m * n) / 3.03e6);
}

class GeometricMean {
 public:
  void add(double value) {
    sum_ += std::log(value);
    ++count_;
  }
  double value() const { return count_ == 0 ? NAN : std::exp(sum_ / count_); }

 private:
  double sum_ = 0;
  int count_ = 0;
};

const Result* find(const std::vector<Result>& rows, const Result& like, const std::string& provider,
                   const std::string& engine) {
  for (const Result& row : rows) {
    if (row.layer == like.layer && row.shape.m == like.shape.m && row.cache == like.cache && row.provider == provider &&
        row.engine == engine && row.measured()) {
      return &row;
    }
  }
  return nullptr;
}

void report(const std::vector<Result>& rows, CacheState cache, const std::string& dynamic, bool points) {
  const std::string noquant = dynamic + "-noquant";
  GeometricMean to_dynamic, to_noquant, cost, share, to_theirs, theirs_share, theirs_dynamic, theirs_noquant;
  int slower = 0, count = 0;
  if (points) {
    std::printf("\n%-8s %6s %9s %9s %9s %9s %9s %6s %6s %6s\n", "layer", "M", "bf16 us", "vllm us", "ours us",
                "dynamic", "limit us", "share", "bf16/", "vllm/");
  }
  for (const Result& row : rows) {
    if (row.cache != cache || row.provider != noquant || row.engine != "cutlass" || !row.measured()) continue;
    const Result *bf16 = find(rows, row, "bf16", "cublaslt"), *inside = find(rows, row, dynamic, "cutlass");
    const Result *theirs = find(rows, row, noquant, "cutlass-vllm"), *full = find(rows, row, dynamic, "cutlass-vllm");
    if (bf16 == nullptr || inside == nullptr || theirs == nullptr || full == nullptr) continue;
    const double ours = *row.median_us, limit = limit_us(row.shape);
    to_dynamic.add(*bf16->median_us / *inside->median_us);
    to_noquant.add(*bf16->median_us / ours);
    cost.add(*inside->median_us / ours);
    share.add(limit / ours);
    to_theirs.add(*theirs->median_us / ours);
    theirs_share.add(limit / *theirs->median_us);
    theirs_dynamic.add(*bf16->median_us / *full->median_us);
    theirs_noquant.add(*bf16->median_us / *theirs->median_us);
    const double noise = 1 + (row.noise_pct.value_or(0) + theirs->noise_pct.value_or(0) + 1) / 100;
    const bool behind = ours > noise * std::min(*theirs->median_us, *bf16->median_us) ||
                        *inside->median_us > noise * std::min(*full->median_us, *bf16->median_us);
    slower += behind ? 1 : 0;
    ++count;
    if (points) {
      std::printf("%-8s %6lld %9.2f %9.2f %9.2f %9.2f %9.2f %6.2f %6.2f %6.2f%s  %s\n", row.layer.c_str(),
                  static_cast<long long>(row.shape.m), *bf16->median_us, *theirs->median_us, ours, *inside->median_us,
                  limit, limit / ours, *bf16->median_us / ours, *theirs->median_us / ours, behind ? " SLOWER" : "",
                  row.kernel.c_str());
    }
  }
  std::printf("\n%s, %d points %28s %12s\n", std::string(name(cache)).c_str(), count, "cutlass", "cutlass-vllm");
  std::printf("  bf16 / dynamic              %14.3f %12.3f\n", to_dynamic.value(), theirs_dynamic.value());
  std::printf("  bf16 / noquant              %14.3f %12.3f\n", to_noquant.value(), theirs_noquant.value());
  std::printf("  dynamic / noquant           %14.3f\n", cost.value());
  std::printf("  share of the limit          %14.3f %12.3f\n", share.value(), theirs_share.value());
  std::printf("  cutlass-vllm / cutlass      %14.3f\n", to_theirs.value());
  std::printf("  points slower than either   %14d\n", slower);
}

int run(int argc, char** argv) {
  bool points = false;
  std::string dynamic = "int8-channel-w-token-a";
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--points") == 0) {
      points = true;
    } else if (std::strcmp(argv[i], "fp8") == 0) {
      dynamic = "fp8-channel-w-token-a";
    } else if (std::strcmp(argv[i], "int8") != 0) {
      std::fprintf(stderr, "usage: bench_gpu_goals [int8|fp8] [--points]\n");
      return 2;
    }
  }
  SweepOptions options;
  options.device = "cuda";
  options.providers = {"bf16", dynamic, dynamic + "-noquant"};
  options.engines = {"cublaslt", "cutlass", "cutlass-vllm"};
  options.cache = {CacheState::hot, CacheState::cold};
  options.no_limits = true;
  const ResultSet results = run_sweep(options);
  std::printf("%s, %s\n", results.context.device.name.c_str(), dynamic.c_str());
  for (const CacheState cache : options.cache) report(results.rows, cache, dynamic, points);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu_goals: %s\n", error.what());
    return 1;
  }
}
