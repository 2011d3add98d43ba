#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// A time and half its 95 % interval, in microseconds.
struct Timing {
  double us = 0, half = 0;
};

Timing operator+(const Timing& a, const Timing& b);  ///< Independent: the halves add up in squares.

/// A ratio of two times and its 95 % interval.
struct TimingRatio {
  double ratio = 1, low = 1, high = 1;
};
TimingRatio operator/(const Timing& a, const Timing& b);

/// The measured times of one model × TP × cache state.
class PointTimes {
 public:
  std::string model;
  std::int64_t tp = 1;
  CacheState cache = CacheState::cold;
  std::vector<std::string> layers;     ///< In order of appearance.
  std::vector<std::string> providers;  ///< Likewise.
  std::vector<std::int64_t> sizes;     ///< M, ascending.

  /// The row that counts: of several engines the fastest. Null where none was measured and right.
  const Result* row(const std::string& layer, std::int64_t m, const std::string& provider) const;
  /// Its time, or with an empty `layer` the sum over all layers of a block, where every one has a time.
  std::optional<Timing> time(const std::string& layer, std::int64_t m, const std::string& provider) const;
  /// The sizes at which all of `wanted` have a time.
  std::vector<std::int64_t> sizes_with(const std::string& layer, const std::vector<std::string>& wanted) const;
  bool has(const std::string& provider) const;

 private:
  friend std::vector<PointTimes> point_times(const ResultSet& results);
  void add(const Result& row, const std::string& layer);

  std::map<std::string, std::map<std::string, std::map<std::int64_t, const Result*>>> rows_;  ///< layer, provider, M
};

/// In order of appearance. They point into `results`, which must outlive them. Two shapes under one layer name are told
/// apart.
std::vector<PointTimes> point_times(const ResultSet& results);

/// Whether every token goes through the layer in each block of the model: not through the logits' product, nor through
/// one expert of many, whose M is that expert's tokens. Sums over layers are of these.
bool in_each_block(std::string_view layer);
bool is_of_an_expert(std::string_view layer);

/// The model name under which bare shapes (`--shapes`) are saved: their layers make no whole.
inline constexpr const char* bare_shapes = "shapes";

}  // namespace qgemm
