#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "qgemm/history.hpp"

namespace qgemm {

/// What trends are called beside one another: what all share, and what tells each from the rest. Printable.
class TrendNames {
 public:
  explicit TrendNames(const std::vector<Trend>& trends);

  /// "meta-llama/Llama-3.1-8B-Instruct   qkv   TP 1   M=16 N=6144 K=4096".
  const std::string& shared() const { return shared_; }
  /// "int8-channel-w-token-a avx512"; empty where there is but one trend.
  const std::string& own(std::size_t index) const { return own_.at(index); }

 private:
  std::string shared_;
  std::vector<std::string> own_;
};

}  // namespace qgemm
