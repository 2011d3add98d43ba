#include "results/context_json.hpp"

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// Runs `read` and puts the place in front of what it complains about.
template <class Read>
void at(const std::string& place, Read read) {
  try {
    read();
  } catch (const InvalidInput& error) {
    throw InvalidInput(place + " " + error.what());
  }
}

const Json& expect_object(const Json& json, const std::string& place) {
  if (!json.is_object()) throw InvalidInput(place + " must be an object, not " + kind_of(json));
  return json;
}

template <class T>
void read_member(const Json& object, const char* name, const std::string& place, T& value) {
  const auto found = object.find(name);
  if (found != object.end()) at(place + name, [&] { read_value(*found, value); });
}

Properties read_properties(const Json& object, const std::string& place) {
  Properties properties;
  for (const auto& [name, json] : object.items()) {
    properties.emplace_back(name, Value{});
    at(place + name, [&, &held = json] { read_value(held, properties.back().second); });
  }
  return properties;
}

DeviceInfo read_device(const Json& json) {
  DeviceInfo device;
  for (auto& [name, value] : read_properties(expect_object(json, "device"), "device.")) {
    const auto* text = std::get_if<std::string>(&value);
    if (name != "kind" && name != "name") {
      device.properties.emplace_back(name, std::move(value));
    } else if (text == nullptr) {
      throw InvalidInput("device." + name + " must be a text, not " + kind_of(json[name]));
    } else if (name == "name") {
      device.name = *text;
    } else {
      at("device.kind", [&] { device.kind = parse_device_kind(*text); });
    }
  }
  return device;
}

std::vector<Limit> read_limits(const Json& json) {
  std::vector<Limit> limits;
  for (const auto& [name, entry] : expect_object(json, "limits").items()) {
    const std::string place = "limits." + name;
    expect_object(entry, place);
    Limit limit;
    limit.name = name;
    if (!entry.contains("value")) throw InvalidInput(place + " has no value");
    read_member(entry, "value", place + ".", limit.value);
    read_member(entry, "unit", place + ".", limit.unit);
    read_member(entry, "method", place + ".", limit.method);
    limits.push_back(std::move(limit));
  }
  return limits;
}

std::vector<OperandFacts> read_operands(const Json& json) {
  if (!json.is_array()) throw InvalidInput("operands must be a list, not " + kind_of(json));
  std::vector<OperandFacts> operands;
  for (const auto& entry : json) {
    const std::string place = "operands[" + std::to_string(operands.size()) + "]";
    expect_object(entry, place);
    OperandFacts facts;
    read_member(entry, "of", place + ".", facts.of);
    read_member(entry, "type", place + ".", facts.type);
    read_member(entry, "granularity", place + ".", facts.granularity);
    read_member(entry, "data", place + ".", facts.data);
    read_member(entry, "absmax", place + ".", facts.absmax);
    read_member(entry, "zeros_pct", place + ".", facts.zeros_pct);
    read_member(entry, "entropy_bits", place + ".", facts.entropy_bits);
    read_member(entry, "elements", place + ".", facts.elements);
    operands.push_back(std::move(facts));
  }
  return operands;
}

Json write_operands(const std::vector<OperandFacts>& operands) {
  Json list = Json::array();
  for (const auto& facts : operands) {
    list.push_back({{"of", facts.of},
                    {"type", facts.type},
                    {"granularity", facts.granularity},
                    {"data", facts.data},
                    {"absmax", write_value(facts.absmax)},
                    {"zeros_pct", write_value(facts.zeros_pct)},
                    {"entropy_bits", write_value(facts.entropy_bits)},
                    {"elements", facts.elements}});
  }
  return list;
}

}  // namespace

Json write_context(const Context& context) {
  Json device{{"kind", name(context.device.kind)}, {"name", context.device.name}};
  for (const auto& [name, value] : context.device.properties) {
    if (name != "kind" && name != "name") device[name] = write_value(value);
  }
  Json limits = Json::object();
  for (const auto& limit : context.limits) {
    limits[limit.name] = {{"value", write_value(limit.value)}, {"unit", limit.unit}, {"method", limit.method}};
  }
  Json options = Json::object();
  for (const auto& [name, value] : context.options) options[name] = write_value(value);
  Json out{{"date", context.date},
           {"host", context.host},
           {"command", context.command},
           {"qgemm_version", context.qgemm_version},
           {"git_revision", context.git_revision},
           {"device", std::move(device)},
           {"limits", std::move(limits)},
           {"limits_date", context.limits_date},
           {"seed", context.seed},
           {"options", std::move(options)}};
  // A file that was written without them stays, read and written again, the same bytes.
  if (!context.operands.empty()) out["operands"] = write_operands(context.operands);
  return out;
}

Context read_context(const Json& json) {
  Context context;
  expect_object(json, "the context");
  read_member(json, "date", "", context.date);
  read_member(json, "host", "", context.host);
  read_member(json, "command", "", context.command);
  read_member(json, "qgemm_version", "", context.qgemm_version);
  read_member(json, "git_revision", "", context.git_revision);
  if (!json.contains("device")) throw InvalidInput("device is missing");
  context.device = read_device(json["device"]);
  if (json.contains("limits")) context.limits = read_limits(json["limits"]);
  read_member(json, "limits_date", "", context.limits_date);
  if (json.contains("seed")) at("seed", [&] { read_seed(json["seed"], context.seed); });
  if (json.contains("operands")) context.operands = read_operands(json["operands"]);
  if (json.contains("options")) {
    context.options = read_properties(expect_object(json["options"], "options"), "options.");
  }
  return context;
}

}  // namespace qgemm
