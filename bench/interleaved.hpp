#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace qgemm::bench {

/// Median of values in any order.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Calls timed in turn, round by round, so that what drifts hits all alike. Microseconds, `times[i]` of call i.
struct Interleaved {
  std::vector<std::vector<double>> times;

  /// The median over rounds of call a's time ÷ call b's of the same round.
  double ratio(std::size_t a, std::size_t b) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < times[a].size(); ++i) ratios.push_back(times[a][i] / times[b][i]);
    return median(ratios);
  }
  double us(std::size_t call) const { return median(times[call]); }
};

/// `rounds` of one timed call each, after one untimed; at least `seconds` long.
inline Interleaved interleave(const std::vector<std::function<void()>>& calls, double seconds, int rounds) {
  using clock = std::chrono::steady_clock;
  Interleaved out;
  out.times.resize(calls.size());
  for (const auto& call : calls) call();
  const auto started = clock::now();
  for (int round = 0; round < rounds || clock::now() - started < std::chrono::duration<double>(seconds); ++round) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto before = clock::now();
      calls[i]();
      out.times[i].push_back(std::chrono::duration<double, std::micro>(clock::now() - before).count());
    }
  }
  return out;
}

}  // namespace qgemm::bench
