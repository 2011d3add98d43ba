// The model of cost against a measurement of every kernel of the build by bench_kernel_times (its CSV file), some of
// whose shapes the model's rates were found by.
#include "engines/cutlass/cost_model.hpp"

#include <algorithm>
#include <cmath>
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

TEST(CostModel, OrdersKernelsAsTheyWereMeasured) {
  const auto all = measurements();
  ASSERT_GE(all.size(), 200U) << "no " << QGEMM_TEST_KERNEL_TIMES;
  double firsts = 0, tried = 0;
  for (const Measured& measured : all) {
    std::vector<const kernels::ScaledGemmKernel*> kernels;
    for (const auto* kernel : cutlass::candidates(h200(), DType::s8, DType::bf16, measured.shape.m)) {
      // (A kernel that is newer than the measurement has no time.)
      if (measured.us.contains(kernel->traits().name)) kernels.push_back(kernel);
    }
    if (kernels.empty()) GTEST_SKIP() << "this build has no kernels for Hopper";
    const auto likely = cutlass::likely(kernels, h200(), measured.shape);
    const auto& [m, n, k] = measured.shape;
    const std::string at = std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + " " + measured.cache;
    const double first = behind(measured, {likely.front()}), best = behind(measured, likely);
    EXPECT_LE(first, 1.4) << at << ": " << likely.front()->traits().name;
    EXPECT_LE(best, 1.05) << at;
    firsts += std::log(first);
    tried += std::log(best);
  }
  const auto count = static_cast<double>(all.size());
  EXPECT_LE(std::exp(firsts / count), 1.03) << "the first choice's mean";
  EXPECT_LE(std::exp(tried / count), 1.005) << "that of the best that is tried";
}

}  // namespace
}  // namespace qgemm::testing
