#include "cli/json_text.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace qgemm::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json_value(const std::vector<Limit>& limits) {
  Json out = Json::object();
  for (const auto& limit : limits) {
    out[limit.name] = {{"value", limit.value}, {"unit", limit.unit}, {"method", limit.method}};
  }
  return out;
}

}  // namespace

void print_json(const std::vector<Limit>& limits) { fmt::print("{}\n", to_json_value(limits).dump(1)); }

void print_json(const std::vector<QuantizeCost>& costs, const std::vector<Limit>& limits) {
  Json rows = Json::array();
  for (const auto& cost : costs) {
    rows.push_back({{"m", cost.m},
                    {"k", cost.k},
                    {"scheme", cost.scheme},
                    {"median_us", cost.median_us},
                    {"p20_us", cost.p20_us},
                    {"p80_us", cost.p80_us},
                    {"noise_pct", cost.noise_pct},
                    {"samples", cost.samples},
                    {"bytes", cost.bytes},
                    {"gbps", cost.gbps},
                    {"level", cost.level},
                    {"limit_share", cost.limit_share > 0 ? Json(cost.limit_share) : Json()}});
  }
  fmt::print("{}\n", Json{{"limits", to_json_value(limits)}, {"rows", rows}}.dump(1));
}

}  // namespace qgemm::cli
