#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qgemm::bench {

/// What bench_kernel_times is asked for.
struct KernelTimesOptions {
  bool fp8 = false, cold = false, dynamic = false, both_weights = false;
  std::vector<std::pair<int, int>> layers = {{6144, 4096}, {4096, 4096}, {28672, 4096}, {4096, 14336}};  ///< N, K
  std::vector<int> m = {1, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
  std::vector<std::string> kernels;
  std::string csv;
  double ms = 2;
  int rounds = 5, top = 12;
};

/// None where the program is to end: after `--help`, or what it says of wrong flags; `exit_code` is for that then.
std::optional<KernelTimesOptions> parse_kernel_times(int argc, char** argv, int& exit_code);

}  // namespace qgemm::bench
