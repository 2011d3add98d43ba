#include "cli/prove_cache.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/user_folders.hpp"
#include "qgemm/error.hpp"
#include "qgemm/sweep.hpp"
#include "run/select_testbed.hpp"
#include "testbed/planned_row.hpp"

namespace qgemm::cli {
namespace {

constexpr std::int64_t k = 4096;

struct Stage {
  CacheState cache = CacheState::cold;
  double factor = 0;  ///< `SweepOptions::cold_factor`.
};

struct Reading {
  Stage stage;
  double us = 0, noise_pct = 0, gbps = 0, working_set = 0;
};

std::optional<double> limit_of(const Context& context, const char* name) {
  const Limit* limit = context.find_limit(name);
  return limit == nullptr ? std::nullopt : std::optional(limit->value);
}

const Reading& reading_at(const std::vector<Reading>& readings, double factor) {
  return *std::find_if(readings.begin(), readings.end(), [&](const Reading& reading) {
    return reading.stage.cache == CacheState::cold && reading.stage.factor == factor;
  });
}

/// Prints what the readings show; true where cold is cold.
bool judge(const std::vector<Reading>& readings, double factor, const Context& context) {
  const Reading &cold = reading_at(readings, factor), &more = reading_at(readings, 2 * factor), &hot = readings.front();
  // Differences that noise explains, and three percent for the longer way through more pages.
  const double allowed = 3 + std::hypot(cold.noise_pct, more.noise_pct);
  const double difference = 100 * (more.us / cold.us - 1);
  const bool flat = std::abs(difference) <= allowed;
  fmt::print("{}  rotating over {:g} times the cache takes {:+.1f} % against {:g} times (± {:.1f} % allowed): {}\n",
             flat ? "ok  " : "FAIL", 2 * factor, difference, factor, allowed,
             flat ? "nothing of a call is left for the next" : "use a larger --cold-factor here");
  bool from_memory = true;
  if (const auto memory = limit_of(context, "memory_read")) {
    from_memory = cold.gbps <= 1.05 * *memory;
    fmt::print("{}  cold calls read {:.0f} GB/s; memory gives {:.0f}: {}\n", from_memory ? "ok  " : "FAIL", cold.gbps,
               *memory, from_memory ? "they may well come from there" : "they cannot all come from there");
  }
  const double gain = cold.us / hot.us;
  if (gain > 1.03) {
    fmt::print("ok    hot calls take {:.2f} times less: {:.0f} GB/s, from the cache\n", gain, hot.gbps);
  } else {
    fmt::print("note  hot calls take as long: this product is not bound by where its weights lie\n");
  }
  return flat && from_memory;
}

}  // namespace

bool prove_cache(const std::string& device, int threads) {
  SweepOptions options;
  options.device = device;
  options.threads = threads;
  options.providers = {"int8-channel-w-token-a-noquant"};
  options.max_time = 0.5;
  options.max_noise = 0.5;
  options.min_samples = 11;
  std::int64_t cache = 0;
  double factor = 0;
  {
    const auto [testbed, note] = select_testbed(options);
    if (!note.empty()) fmt::print(stderr, "{}\n", note);
    cache = testbed->cache_bytes();
    factor = default_cold_factor(testbed->kind());
    fmt::print("{}: last-level cache {:.1f} MiB\n", testbed->describe().name, static_cast<double>(cache) / (1 << 20));
  }
  if (cache <= 0) throw Unavailable("the size of the last-level cache is not known here: there is nothing to prove");
  // A third of the cache: hot it lies there with room to spare.
  const std::int64_t n = std::clamp<std::int64_t>(cache / 3 / k / 64 * 64, 64, 1 << 17);
  options.shapes = {{1, n, k}};
  fmt::print("int8 weights of {} × {}, {:.1f} MiB, times one token\n\n", n, k, static_cast<double>(n * k) / (1 << 20));
  fmt::print("{:<22} {:>12} {:>10} {:>8} {:>10}\n", "operands", "working set", "µs", "± %", "GB/s");

  SweepRun run;
  if (const auto folder = user_cache_folder(); !folder.empty()) run.limits_folder = folder / "limits";
  std::vector<Reading> readings;
  Context context;
  std::vector<Stage> stages{{CacheState::hot, 0}};
  for (const double part : {0.25, 0.5, 0.75, 1.0, 1.5, 2.0}) stages.push_back({CacheState::cold, part * factor});
  for (const Stage& stage : stages) {
    options.cache = {stage.cache};
    options.cold_factor = stage.factor;
    const ResultSet results = run_sweep(options, run);
    context = results.context;
    run.context = &context;
    const Result& row = results.rows.front();
    if (!row.measured()) throw Unavailable("the product could not be measured: " + row.message);
    const Reading reading{stage, *row.median_us, row.noise_pct.value_or(0),
                          static_cast<double>(n * k) / *row.median_us * 1e-3,
                          static_cast<double>(row.working_set_bytes) / (1 << 20)};
    fmt::print(
        "{:<22} {:>8.0f} MiB {:>10.4g} {:>8.2f} {:>10.0f}\n",
        stage.cache == CacheState::hot ? "hot: the same ones" : fmt::format("cold: over {:g} × cache", stage.factor),
        reading.working_set, reading.us, reading.noise_pct, reading.gbps);
    readings.push_back(reading);
  }
  fmt::print("\n");
  const bool proved = judge(readings, factor, context);
  fmt::print("\n{}\n",
             proved ? "Proved: what qgemm calls cold comes from memory." : "Not proved; repeat on a quiet machine.");
  return proved;
}

}  // namespace qgemm::cli
