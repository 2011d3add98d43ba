#include "engines/cutlass/trials.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "engine/cuda/trial_calls.hpp"
#include "engines/cutlass/rank_choices.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cutlass {
namespace {

/// Calls that take longer are bound by the GPU's power.
constexpr double power_bound_us = 30;

/// Microseconds of one call: the mean of about so many.
double time_calls(const KernelLaunches& launches, int sets, CacheState cache, int calls, cudaStream_t stream) {
  const auto enqueue = [&](int set, cudaStream_t s) { launches.enqueue(set, s); };
  return cuda::TrialCalls(enqueue, sets, cache, calls, stream).us(stream);
}

/// Choices that are tried, in the order of their last times once `order_by_…` has measured them.
class Trial {
 public:
  struct Entry {
    KernelChoice choice;
    std::unique_ptr<KernelLaunches> launches;
    double us = 0;
  };

  /// Those of the choices that take the operands, as they come, each after a first short look. Throws `Unavailable`
  /// where none does.
  Trial(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets, CacheState cache,
        const EnqueueQuantize& quantize, cudaStream_t stream)
      : sets_(static_cast<int>(sets.size())), cache_(cache), stream_(stream) {
    std::string reason = "this build has no kernel for it";
    for (const auto& choice : choices) {
      Entry entry;
      entry.choice = choice;
      try {
        entry.launches = std::make_unique<KernelLaunches>(entry.choice, sets, quantize);
      } catch (const Unavailable& error) {
        reason = error.what();
        continue;
      }
      entry.us = time(entry, 1);
      // A single call is timed with its launch, which differs between kernels by more than small products do.
      if (entry.us < power_bound_us) entry.us = time(entry, 4);
      entries_.push_back(std::move(entry));
    }
    if (entries_.empty()) throw Unavailable("no kernel takes this shape: " + reason);
  }

  const std::vector<Entry>& entries() const { return entries_; }

  /// Leaves those that may be the fastest.
  void leave_finalists() {
    sort();
    // In a short look large products run at the highest clock, at which others are the fastest than at the one that
    // their power leaves: of M=1000 N=K=8192 the best six of it were all 3 % slower than the fastest.
    const std::size_t finalists = entries_.front().us < power_bound_us ? 6 : 12;
    // Those within a quarter of the best are looked at again.
    while (entries_.size() > finalists && entries_.back().us > 1.25 * entries_.front().us) entries_.pop_back();
    order_by_looks(60);
    while (entries_.size() > finalists) entries_.pop_back();
  }

  /// Orders those that are left, the fastest first.
  void decide() {
    if (entries_.front().us < power_bound_us) {
      order_by_looks(300);
    } else {
      order_by_bursts();
    }
  }

 private:
  double time(const Entry& entry, int calls) const {
    return time_calls(*entry.launches, sets_, cache_, calls, stream_);
  }
  int calls_in(double us) const { return static_cast<int>(std::clamp(us / entries_.front().us, 2.0, 128.0)); }
  void sort() {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.us < b.us; });
  }

  /// By the better of two looks of about `us` microseconds.
  void order_by_looks(double us) {
    const int calls = calls_in(us);
    for (auto& entry : entries_) entry.us = std::numeric_limits<double>::max();
    for (int again = 0; again < 2; ++again) {
      for (auto& entry : entries_) entry.us = std::min(entry.us, time(entry, calls));
    }
    sort();
  }

  /// For large products, which are bound by power: it brings the clock down within some milliseconds, during which
  /// whoever is early looks fast. Those do not count; after them the mean does, since some kernels are not steady.
  void order_by_bursts() {
    constexpr double burst_us = 3000;
    constexpr int rounds = 3;
    const int calls = calls_in(burst_us);
    std::vector<double> sums(entries_.size(), 0);
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t turn = 0; turn < entries_.size(); ++turn) {
        const std::size_t i = (turn + static_cast<std::size_t>(round)) % entries_.size();
        const double us = time(entries_[i], calls);
        if (round > 0) sums[i] += us;
      }
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].us = sums[i] / (rounds - 1);
    sort();
  }

  std::vector<Entry> entries_;
  int sets_;
  CacheState cache_;
  cudaStream_t stream_;
};

}  // namespace

KernelChoice fastest(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                     CacheState cache, const EnqueueQuantize& quantize, cudaStream_t stream) {
  Trial trial(choices, sets, cache, quantize, stream);
  const std::size_t tried = trial.entries().size();
  trial.leave_finalists();
  trial.decide();
  KernelChoice best = trial.entries().front().choice;
  best.origin = "fastest of " + std::to_string(tried) + " likely ones tried here";
  return best;
}

KernelChoice held_against(const KernelChoice& known, const KernelChoice& other,
                          const std::vector<cuda::ScaledOperands>& sets, CacheState cache, cudaStream_t stream) {
  constexpr double worth_a_look = 1.25, margin = 0.98;  // two trials of one kernel differ by less
  Trial trial({known, other}, sets, cache, {}, stream);
  const auto& entries = trial.entries();
  if (entries.size() == 1) return entries.front().choice;
  const double known_us = entries.front().us;
  if (known_us >= power_bound_us || entries.back().us > worth_a_look * known_us) return known;
  trial.decide();
  const bool changes = entries.front().choice.kernel == other.kernel && entries.front().us < margin * entries.back().us;
  return changes ? other : known;
}

MeasuredChoices measure_all(const std::vector<KernelChoice>& hot, const std::vector<KernelChoice>& cold,
                            const std::vector<cuda::ScaledOperands>& sets, int hot_sets, cudaStream_t stream) {
  /// A choice as each cache state uses it.
  struct Taken {
    KernelChoice hot, cold;
    KernelLaunches launch_hot, launch_cold;
  };
  std::vector<Taken> taken;
  for (std::size_t i = 0; i < hot.size(); ++i) {
    try {
      taken.push_back({hot[i], cold[i], KernelLaunches(hot[i], sets), KernelLaunches(cold[i], sets)});
    } catch (const Unavailable&) {
      continue;
    }
  }
  const Rankings ranked = rank_choices(taken.size(), [&](std::size_t which, CacheState state, int calls) {
    const bool is_hot = state == CacheState::hot;
    return time_calls(is_hot ? taken[which].launch_hot : taken[which].launch_cold,
                      is_hot ? hot_sets : static_cast<int>(sets.size()), state, calls, stream);
  });
  const auto named = [&](const std::vector<RankedChoice>& list, KernelChoice Taken::*choice) {
    std::vector<MeasuredChoice> out;
    for (const auto& [which, us] : list) out.push_back({taken[which].*choice, us});
    return out;
  };
  return {named(ranked.hot, &Taken::hot), named(ranked.cold, &Taken::cold)};
}

}  // namespace qgemm::cutlass
