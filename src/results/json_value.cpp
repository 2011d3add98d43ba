#include "results/json_value.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

[[noreturn]] void reject(const char* wanted, const Json& json) {
  throw InvalidInput(std::string("must be ") + wanted + ", not " + kind_of(json));
}

/// The number a JSON value stands for, infinities included; nothing where it stands for none.
std::optional<double> number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  return std::nullopt;
}

/// The integer a JSON value holds exactly. Other tools write 16 as 16.0, which is accepted while it is exact.
std::optional<std::int64_t> integer(const Json& json) {
  if (json.is_number_unsigned()) {
    const auto value = json.get<std::uint64_t>();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (std::abs(value) <= 9007199254740992.0 && value == std::floor(value)) return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

template <class T>
Json write_optional(const std::optional<T>& value) {
  return value ? write_value(*value) : Json(nullptr);
}

/// A list of free-form values; an empty one is a list of texts.
Value read_list(const Json& json) {
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
  for (const auto& element : json) {
    if (element.is_string()) {
      texts.push_back(element.get<std::string>());
    } else if (const auto value = integer(element)) {
      integers.push_back(*value);
    }
  }
  if (texts.size() == json.size()) return texts;
  if (integers.size() == json.size()) return integers;
  throw InvalidInput("must be a list of only integers or only texts");
}

}  // namespace

std::string kind_of(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null: return "null";
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return "a text";
    case Json::value_t::boolean: return json.get<bool>() ? "true" : "false";
    default: return json.dump();
  }
}

Json write_value(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json write_value(std::int64_t value) { return value; }
Json write_value(const std::string& value) { return value; }
Json write_value(const std::optional<double>& value) { return write_optional(value); }
Json write_value(const std::optional<bool>& value) { return value ? Json(*value) : Json(nullptr); }
Json write_value(const std::optional<std::string>& value) { return write_optional(value); }
Json write_value(const std::optional<Bound>& value) { return value ? Json(name(*value)) : Json(nullptr); }
Json write_value(Outcome value) { return name(value); }
Json write_value(CacheState value) { return name(value); }

Json write_value(const std::vector<double>& value) {
  Json list = Json::array();
  for (const double sample : value) list.push_back(write_value(sample));
  return list;
}

Json write_value(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<Held, double>) {
          return write_value(held);
        } else {
          return held;
        }
      },
      value);
}

void read_value(const Json& json, double& value) {
  const auto held = number(json);
  if (!held) reject("a number", json);
  value = *held;
}

void read_value(const Json& json, std::int64_t& value) {
  const auto held = integer(json);
  if (!held || *held < 0) reject("a whole number from 0 on", json);
  value = *held;
}

void read_size(const Json& json, std::int64_t& value) {
  const auto held = integer(json);
  if (!held || *held < 1) reject("a whole number from 1 on", json);
  value = *held;
}

void read_dimension(const Json& json, std::int64_t& value) {
  const auto held = integer(json);
  if (!held || *held < 1 || *held > std::int64_t{1} << 31U) reject("a whole number from 1 to 2147483648", json);
  value = *held;
}

void read_seed(const Json& json, std::uint64_t& value) {
  if (!json.is_number_unsigned()) reject("a whole number from 0 on", json);
  value = json.get<std::uint64_t>();
}

void read_value(const Json& json, std::string& value) {
  if (json.is_null()) {
    value.clear();
  } else if (json.is_string()) {
    value = json.get<std::string>();
  } else {
    reject("a text", json);
  }
}

void read_value(const Json& json, std::optional<double>& value) {
  value = number(json);
  if (!value && !json.is_null()) reject("a number or null", json);
}

void read_value(const Json& json, std::optional<bool>& value) {
  if (!json.is_null() && !json.is_boolean()) reject("true, false or null", json);
  value = json.is_null() ? std::nullopt : std::optional(json.get<bool>());
}

void read_value(const Json& json, std::optional<std::string>& value) {
  if (!json.is_null() && !json.is_string()) reject("a text or null", json);
  value = json.is_null() ? std::nullopt : std::optional(json.get<std::string>());
}

void read_value(const Json& json, std::vector<double>& value) {
  if (!json.is_null() && !json.is_array()) reject("a list of numbers", json);
  value.clear();
  for (const auto& element : json) read_value(element, value.emplace_back());
}

void read_value(const Json& json, std::optional<Bound>& value) {
  if (!json.is_null() && !json.is_string()) reject("a text or null", json);
  value = json.is_null() ? std::nullopt : std::optional(parse_bound(json.get_ref<const std::string&>()));
}

void read_value(const Json& json, Outcome& value) {
  if (!json.is_string()) reject("a text", json);
  value = parse_outcome(json.get_ref<const std::string&>());
}

void read_value(const Json& json, CacheState& value) {
  if (!json.is_string()) reject("a text", json);
  value = parse_cache_state(json.get_ref<const std::string&>());
}

void read_value(const Json& json, Value& value) {
  if (json.is_null()) {
    value = std::monostate{};
  } else if (json.is_boolean()) {
    value = json.get<bool>();
  } else if (json.is_number_float()) {
    value = json.get<double>();
  } else if (json.is_number()) {
    // What is past int64 is kept as near as a double can.
    if (const auto held = integer(json)) {
      value = *held;
    } else {
      value = json.get<double>();
    }
  } else if (json.is_string()) {
    value = json.get<std::string>();
  } else if (json.is_array()) {
    value = read_list(json);
  } else {
    reject("null, true, false, a number, a text or a list", json);
  }
}

}  // namespace qgemm
