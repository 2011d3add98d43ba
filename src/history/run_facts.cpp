#include "history/run_facts.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>

#include "core/properties.hpp"
#include "results/json_text.hpp"

namespace qgemm {
namespace {

/// The options of `qgemm bench` that change what is timed or what is multiplied, with their defaults.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> telling{{{"output", "bf16"},
                                                                                {"bias", "false"},
                                                                                {"timer", "interleaved"},
                                                                                {"data", "normal"},
                                                                                {"scales", "absmax"},
                                                                                {"weights", ""},
                                                                                {"decoder-layer", "-1"},
                                                                                {"rank", "0"},
                                                                                {"activations", ""}}};

std::string text_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : dump_json(write_value(value));
}

}  // namespace

std::optional<std::int64_t> seconds_of(const std::string& date) {
  std::tm parts{};
  const char* zone = ::strptime(date.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (zone == nullptr) return std::nullopt;
  const char* end = ::strptime(zone, "%z", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::int64_t offset = parts.tm_gmtoff;  // timegm sets it to 0
  return static_cast<std::int64_t>(::timegm(&parts)) - offset;
}

std::string settings_of(const Context& context) {
  std::string settings;
  const auto add = [&](std::string_view name, const std::string& value) {
    settings += settings.empty() ? "" : " ";
    settings += name;
    settings += '=';
    settings += value;
  };
  if (const Value* threads = find_property(context.device.properties, "threads")) add("threads", text_of(*threads));
  for (const auto& [name, usual] : telling) {
    const Value* value = find_property(context.options, name);
    if (value == nullptr) continue;
    const std::string text = text_of(*value);
    if (text != usual) add(name, text);
  }
  return settings;
}

std::vector<std::string> models_of(const std::vector<Result>& rows) {
  std::vector<std::string> models;
  for (const auto& row : rows) {
    if (std::find(models.begin(), models.end(), row.model) == models.end()) models.push_back(row.model);
  }
  return models;
}

}  // namespace qgemm
