#include "engines/cutlass/rank_choices.hpp"

#include <algorithm>

namespace qgemm::cutlass {
namespace {

constexpr std::size_t most_finalists = 8;
constexpr int rounds = 7;
// The first look ranks, the second lasts long enough for a large product's power to set the clock.
constexpr double look_us = 300, burst_us = 10'000;

int calls_in(double us, double about_us) { return static_cast<int>(std::clamp(us / about_us, 2.0, 300.0)); }

bool faster(const RankedChoice& a, const RankedChoice& b) { return a.us < b.us; }

/// Puts the finalists' means in place of their looks and orders them by those.
void settle(std::vector<RankedChoice>& ranked, const std::vector<double>& sums) {
  double looks = 0, means = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    looks += ranked[i].us;
    ranked[i].us = sums[i] / rounds;
    means += ranked[i].us;
  }
  const auto rest = ranked.begin() + static_cast<std::ptrdiff_t>(sums.size());
  // A look ends before the clock falls: as it is, it would be ahead of the finalists' bursts.
  std::for_each(rest, ranked.end(), [&](RankedChoice& choice) { choice.us *= means / looks; });
  std::stable_sort(ranked.begin(), rest, faster);
}

}  // namespace

Rankings rank_choices(std::size_t count, const TimeCalls& time) {
  constexpr CacheState states[] = {CacheState::cold, CacheState::hot};
  Rankings out;
  for (std::size_t which = 0; which < count; ++which) {
    const int calls = calls_in(look_us, time(which, CacheState::hot, 1));
    for (const CacheState state : states) out.of(state).push_back({which, time(which, state, calls)});
  }
  for (const CacheState state : states) std::stable_sort(out.of(state).begin(), out.of(state).end(), faster);

  const std::size_t finalists = std::min(most_finalists, count);
  // The mean, since some kernels are not steady: where blocks of a large product lose step with their neighbours, they
  // no longer find in L2 what those have read, and one call in five takes up to a third longer.
  std::vector<double> hot(finalists, 0), cold(finalists, 0);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < finalists; ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % finalists;
      for (const CacheState state : states) {
        const auto& [which, about_us] = out.of(state)[i];
        (state == CacheState::hot ? hot : cold)[i] += time(which, state, calls_in(burst_us, about_us));
      }
    }
  }
  settle(out.hot, hot);
  settle(out.cold, cold);
  return out;
}

}  // namespace qgemm::cutlass
