#include "compare/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/properties.hpp"
#include "report/printable.hpp"
#include "results/json_text.hpp"
#include "results/json_value.hpp"

namespace qgemm {
namespace {

// Of a context: what changes how fast the same work is done, or what the work is.
constexpr std::array device_properties{"compute_capability",
                                       "multiprocessors",
                                       "max_sm_mhz",
                                       "memory_mhz",
                                       "power_limit_w",
                                       "isa",
                                       "physical_cores",
                                       "cpu_quota",
                                       "threads",
                                       "pinned",
                                       "governor",
                                       "l2_bytes",
                                       "l3_bytes",
                                       "transparent_hugepages"};
constexpr std::array driver_properties{"driver", "cuda_driver", "cuda_runtime"};
constexpr std::array timing_options{"output", "bias", "timer"};
constexpr std::array operand_options{"data", "scales", "decoder-layer", "rank"};
/// Which files operands were read from; a run that does not say read none.
constexpr std::array operand_files{"weights", "activations"};

std::optional<double> number(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

bool same_value(const Value& a, const Value& b) {
  const auto x = number(a), y = number(b);
  return x && y ? *x == *y : a == b;
}

std::string text_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  const std::string shown = text != nullptr ? "'" + *text + "'" : dump_json(write_value(value));
  return shorten(printable(shown), 64);
}

/// Runs of digits and dots with a dot inside: "2.6.3" of "oneDNN 2.6.3 on 2 threads". Words may change freely.
std::vector<std::string> versions_in(std::string_view description) {
  constexpr std::string_view digits_and_dots = "0123456789.";
  std::vector<std::string> versions;
  while (true) {
    const auto begin = description.find_first_of("0123456789");
    if (begin == std::string_view::npos) return versions;
    const auto end = std::min(description.find_first_not_of(digits_and_dots, begin), description.size());
    std::string version(description.substr(begin, end - begin));
    while (version.back() == '.') version.pop_back();
    if (version.find('.') != std::string::npos) versions.push_back(std::move(version));
    description.remove_prefix(end);
  }
}

class Differences {
 public:
  template <class Names>
  void compare(const char* kind, const Properties& before, const Properties& after, const Names& names) {
    for (const char* name : names) {
      const Value *a = find_property(before, name), *b = find_property(after, name);
      if (a == nullptr || b == nullptr || same_value(*a, *b)) continue;
      add(kind, fmt::format("{} is {}, then {}", name, text_of(*a), text_of(*b)));
    }
  }
  template <class Names>
  void compare_texts(const char* kind, const Properties& before, const Properties& after, const Names& names) {
    const Value none = std::string();
    for (const char* name : names) {
      const Value *a = find_property(before, name), *b = find_property(after, name);
      if (a == nullptr) a = &none;
      if (b == nullptr) b = &none;
      if (!same_value(*a, *b)) add(kind, fmt::format("{} is {}, then {}", name, text_of(*a), text_of(*b)));
    }
  }
  void add(const char* kind, std::string what) { found_.push_back({kind, std::move(what)}); }
  std::vector<Difference> take() { return std::move(found_); }

 private:
  std::vector<Difference> found_;
};

}  // namespace

const std::vector<std::string>& difference_kinds() {
  static const std::vector<std::string> kinds{"device", "driver", "engines", "options", "operands"};
  return kinds;
}

std::vector<Difference> find_differences(const Context& before, const Context& after,
                                         const std::set<std::string>& engines) {
  Differences differences;
  if (before.device.kind != after.device.kind || before.device.name != after.device.name) {
    differences.add("device",
                    fmt::format("the device is {} ({}), then {} ({})", text_of(before.device.name),
                                name(before.device.kind), text_of(after.device.name), name(after.device.kind)));
  }
  const Properties &a = before.device.properties, &b = after.device.properties;
  differences.compare("device", a, b, device_properties);
  differences.compare("driver", a, b, driver_properties);
  for (const auto& engine : engines) {
    const Value *x = find_property(a, "engine_" + engine), *y = find_property(b, "engine_" + engine);
    const auto* text = x == nullptr ? nullptr : std::get_if<std::string>(x);
    const auto* later = y == nullptr ? nullptr : std::get_if<std::string>(y);
    if (text == nullptr || later == nullptr || versions_in(*text) == versions_in(*later)) continue;
    differences.add("engines",
                    fmt::format("the engine {} is {}, then {}", printable(engine), text_of(*x), text_of(*y)));
  }
  differences.compare("options", before.options, after.options, timing_options);
  differences.compare("operands", before.options, after.options, operand_options);
  differences.compare_texts("operands", before.options, after.options, operand_files);
  return differences.take();
}

}  // namespace qgemm
