// The model of cost against a measurement of every kernel of the build by bench_kernel_times (its CSV file), some of
// whose shapes the model's rates were found by.
#include "engines/cutlass/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engines/cutlass/kernel_choice.hpp"
#include "gtest/gtest.h"
#include "hopper_devices.hpp"

namespace qgemm::testing {
namespace {

struct Measured {
  Shape shape;
  std::string cache;
  std::map<std::string, double> us;
};

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) out.push_back(field);
  return out;
}

std::vector<Measured> measurements() {
  std::ifstream file(QGEMM_TEST_KERNEL_TIMES);
  std::string line;
  std::getline(file, line);
  const auto names = fields(line);
  std::vector<Measured> out;
  while (std::getline(file, line)) {
    const auto values = fields(line);
    Measured& measured = out.emplace_back();
    measured.shape = {std::stoll(values.at(0)), std::stoll(values.at(1)), std::stoll(values.at(2))};
    measured.cache = values.at(3);
    for (std::size_t i = 4; i < values.size(); ++i) {
      if (!values[i].empty()) measured.us[names.at(i)] = std::stod(values[i]);
    }
  }
  return out;
}

/// How much longer than the fastest of all the fastest of `kernels` took.
double behind(const Measured& measured, const std::vector<const kernels::ScaledGemmKernel*>& kernels) {
  const auto faster = [](const auto& a, const auto& b) { return a.second < b.second; };
  const double all = std::min_element(measured.us.begin(), measured.us.end(), faster)->second;
  double best = INFINITY;
  for (const auto* kernel : kernels) best = std::min(best, measured.us.at(kernel->traits().name));
  return best / all;
}

/// How far choices are behind the fastest, over some products.
class Behind {
 public:
  void add(double ratio) {
    logs_ += std::log(ratio);
    most_ = std::max(most_, ratio);
    ++count_;
  }
  double mean() const { return std::exp(logs_ / count_); }
  double most() const { return most_; }

 private:
  double logs_ = 0, most_ = 0;
  int count_ = 0;
};

TEST(CostModel, OrdersKernelsAsTheyWereMeasured) {
  const auto all = measurements();
  ASSERT_GE(all.size(), 200U) << "no " << QGEMM_TEST_KERNEL_TIMES;
  for (const char* cache : {"hot", "cold"}) {
    Behind first, tried;
    for (const Measured& measured : all) {
      if (measured.cache != cache) continue;
      const auto& [m, n, k] = measured.shape;
      std::vector<const kernels::ScaledGemmKernel*> kernels;
      for (const auto* kernel : cutlass::candidates(h200(), DType::s8, DType::bf16, m)) {
        // (A kernel that is newer than the measurement has no time.)
        if (measured.us.contains(kernel->traits().name)) kernels.push_back(kernel);
      }
      if (kernels.empty()) GTEST_SKIP() << "this build has no kernels for Hopper";
      const auto likely = cutlass::likely(kernels, h200(), measured.shape);
      const std::string at = to_string(measured.shape) + " " + cache;
      first.add(behind(measured, {likely.front()}));
      tried.add(behind(measured, likely));
      EXPECT_LE(behind(measured, {likely.front()}), 1.25) << at << ": " << likely.front()->traits().name;
      EXPECT_LE(behind(measured, likely), 1.05) << at;
    }
    std::printf(
        "%s: the first choice is %.3f of the fastest in the mean, at most %.3f; the best of those tried %.3f, %.3f\n",
        cache, first.mean(), first.most(), tried.mean(), tried.most());
    EXPECT_LE(first.mean(), 1.03) << cache;
    EXPECT_LE(tried.mean(), 1.003) << cache;
  }
}

}  // namespace
}  // namespace qgemm::testing
