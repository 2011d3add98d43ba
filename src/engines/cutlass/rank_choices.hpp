#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm::cutlass {

/// One of several choices, by its number, with the microseconds of a call.
struct RankedChoice {
  std::size_t which = 0;
  double us = 0;
};

/// The same choices as each cache state ranks them.
struct Rankings {
  std::vector<RankedChoice> hot, cold;

  std::vector<RankedChoice>& of(CacheState state) { return state == CacheState::hot ? hot : cold; }
};

/// Microseconds of a call of the choice `which`: the mean of `calls`.
using TimeCalls = std::function<double(std::size_t which, CacheState state, int calls)>;

/// All of `count` choices for each cache state: by a look of some hundred microseconds, then the best eight of each by
/// the mean of seven interleaved bursts of some milliseconds. Those eight come first, the fastest first; the others
/// follow as their looks order them, with what they would be likely to take in bursts.
Rankings rank_choices(std::size_t count, const TimeCalls& time);

}  // namespace qgemm::cutlass
