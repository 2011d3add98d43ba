#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/report.hpp"
#include "report/figures.hpp"
#include "report/layer_table.hpp"
#include "results/json_text.hpp"
#include "results/json_value.hpp"

namespace qgemm {
namespace {

bool is_time(double us) { return std::isfinite(us) && us > 0; }

/// The list of benchmarks, as text at once and one a line: a repetition a raw sample makes many.
class Entries {
 public:
  void add(const Json& json) {
    text_ += text_.empty() ? "\n" : ",\n";
    text_ += dump_json(json);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// In that library's way: the function, then its arguments with their names. compare.py matches rows by it.
std::string name_of(const Result& row) {
  return fmt::format("{}/{}/tp:{}/m:{}/n:{}/k:{}/{}/{}/{}", row.model, row.layer, row.tp, row.shape.m, row.shape.n,
                     row.shape.k, row.provider, row.engine, name(row.cache));
}

std::optional<double> number(const Properties& properties, std::string_view wanted) {
  for (const auto& [name, value] : properties) {
    if (name != wanted) continue;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&value)) return *real;
  }
  return std::nullopt;
}

Json context_json(const Context& context) {
  const auto& properties = context.device.properties;
  const auto rounded = [&](const char* property) { return std::llround(number(properties, property).value_or(0)); };
  return {{"date", context.date},
          {"host_name", context.host},
          {"executable", "qgemm"},
          {"num_cpus", rounded("logical_cpus")},
          {"mhz_per_cpu", rounded("nominal_mhz")},
          {"caches", Json::array()},
          {"load_avg", Json::array()},
          {"library_build_type", "release"},
          {"json_schema_version", 1},
          {"device", context.device.name},
          {"qgemm_version", context.qgemm_version},
          {"git_revision", context.git_revision},
          {"seed", std::to_string(context.seed)}};
}

/// What an entry says of its row, whatever it holds.
Json entry(const Result& row, std::size_t family, std::size_t repetitions) {
  return {{"name", name_of(row)},
          {"family_index", family},
          {"per_family_instance_index", 0},
          {"run_name", name_of(row)},
          {"run_type", "iteration"},
          {"repetitions", repetitions},
          {"threads", 1}};
}

/// Nanoseconds, that library's default: its compare.py prints whole units.
void add_time(Json& json, std::int64_t iterations, double us) {
  json["iterations"] = iterations;
  json["real_time"] = 1000 * us;
  json["cpu_time"] = 1000 * us;  // only the wall time of a call is measured here
  json["time_unit"] = "ns";
}

void add_counters(Json& json, const Result& row, double us) {
  json["flops_per_second"] = row.shape.flops() / us * 1e6;
  if (row.limit_share && std::isfinite(*row.limit_share)) json["limit_share"] = *row.limit_share;
  if (row.sqnr_db && std::isfinite(*row.sqnr_db)) json["sqnr_db"] = *row.sqnr_db;
  if (row.outcome == Outcome::noisy && row.noise_pct && std::isfinite(*row.noise_pct)) {
    json["noise_pct"] = *row.noise_pct;
  }
  if (!row.kernel.empty()) json["label"] = row.kernel;
}

void add_aggregates(Entries& entries, const Result& row, std::size_t family, const std::vector<double>& samples) {
  const auto count = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  double squares = 0;
  for (const double us : samples) squares += (us - mean) * (us - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const auto add = [&](const char* aggregate, const char* unit, double us) {
    if (!std::isfinite(us)) return;
    Json json = entry(row, family, samples.size());
    json["name"] = name_of(row) + "_" + aggregate;
    json["run_type"] = "aggregate";
    json["aggregate_name"] = aggregate;
    json["aggregate_unit"] = unit;
    add_time(json, static_cast<std::int64_t>(samples.size()), us);
    entries.add(json);
  };
  add("mean", "time", mean);
  add("median", "time", median(samples).value_or(mean));
  add("stddev", "time", deviation);
  add("cv", "percentage", deviation / mean / 1000);  // a bare ratio, which has no unit
}

void add_row(Entries& entries, const Result& row, std::size_t family) {
  std::vector<double> samples = samples_at_clock(row);
  if (samples.empty() || !std::all_of(samples.begin(), samples.end(), is_time)) samples = {*row.median_us};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Json json = entry(row, family, samples.size());
    json["repetition_index"] = i;
    add_time(json, 1, samples[i]);
    add_counters(json, row, samples[i]);
    entries.add(json);
  }
  if (samples.size() > 1) add_aggregates(entries, row, family, samples);
}

/// As that library writes a benchmark that called SkipWithError.
Json error_entry(const Result& row, std::size_t family) {
  Json json = entry(row, family, 1);
  json["repetition_index"] = 0;
  json["error_occurred"] = true;
  json["error_message"] = fmt::format("{}: {}", name(row.outcome), row.message);
  add_time(json, 0, 0);
  return json;
}

}  // namespace

std::string render_google_benchmark(const ResultSet& results) {
  Entries entries;
  std::size_t family = 0;
  for (const auto& row : results.rows) {
    if (trusted(row) && row.median_us && is_time(*row.median_us)) {
      add_row(entries, row, family++);
    } else if (row.outcome == Outcome::incorrect || row.outcome == Outcome::failed) {
      entries.add(error_entry(row, family++));
    }
  }
  return fmt::format("{{\n\"context\": {},\n\"benchmarks\": [{}\n]\n}}\n", dump_json(context_json(results.context), 2),
                     entries.text());
}

}  // namespace qgemm
