#include "catalog/json_file.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <utility>

#include "qgemm/error.hpp"

namespace qgemm {

JsonFields::JsonFields(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) throw InvalidInput(where_ + " is not a JSON object");
}

bool JsonFields::has(std::string_view field) const {
  const auto found = object_.find(field);
  return found != object_.end() && !found->is_null();
}

void JsonFields::fail(std::string_view field, const std::string& what) const {
  throw InvalidInput(where_ + ": field '" + std::string(field) + "' " + what);
}

const nlohmann::json& JsonFields::at(std::string_view field) const {
  if (!has(field)) fail(field, "is missing");
  return *object_.find(field);
}

std::string JsonFields::text(std::string_view field) const {
  const auto& value = at(field);
  if (!value.is_string()) fail(field, "must be text");
  auto words = value.get<std::string>();
  if (words.empty()) fail(field, "is empty");
  return words;
}

std::int64_t JsonFields::integer(std::string_view field) const {
  const auto& value = at(field);
  if (!value.is_number_integer()) fail(field, "must be a whole number");
  // Past 2⁶³ the parser keeps a number as unsigned; reading it as signed would wrap.
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    fail(field, "is " + value.dump() + ", too large");
  }
  return value.get<std::int64_t>();
}

std::int64_t JsonFields::dimension(std::string_view field) const {
  const std::int64_t value = integer(field);
  if (value < 1 || value > max_dimension) {
    fail(field, "is " + std::to_string(value) + "; it must be between 1 and " + std::to_string(max_dimension));
  }
  return value;
}

bool JsonFields::flag(std::string_view field) const {
  const auto& value = at(field);
  if (!value.is_boolean()) fail(field, "must be true or false");
  return value.get<bool>();
}

std::size_t JsonFields::length(std::string_view field) const {
  const auto& value = at(field);
  if (!value.is_array()) fail(field, "must be a list");
  return value.size();
}

JsonFields JsonFields::object(std::string_view field) const { return {at(field), where_ + ", " + std::string(field)}; }

const nlohmann::json& JsonFields::list(std::string_view field) const {
  const auto& value = at(field);
  if (!value.is_array()) fail(field, "must be a list");
  if (value.empty()) fail(field, "is empty");
  return value;
}

nlohmann::json read_json_file(const std::filesystem::path& path) {
  constexpr std::size_t most = std::size_t{16} << 20U;  // a config is some kilobytes
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InvalidInput("cannot open " + path.string());
  std::string text;
  std::array<char, 16384> part;
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > most) throw InvalidInput(path.string() + " is longer than 16 MiB: no file of qgemm's is");
  }
  if (file.bad()) throw InvalidInput("cannot read " + path.string());
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw InvalidInput(path.string() + " is not JSON: error at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    // The parser's one other complaint: a number past the range of a double.
    throw InvalidInput(path.string() + " cannot be read as JSON: it holds a number too large for a double");
  }
}

}  // namespace qgemm
