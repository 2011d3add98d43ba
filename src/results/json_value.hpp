#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Keeps the order of keys, so that files compare line by line.
using Json = nlohmann::ordered_json;

/// C++ values as JSON. Empty optionals are null. JSON has no infinity and no NaN: they are the texts "inf", "-inf" and
/// "nan", because a null would say "not known" of a product that was exact.
Json write_value(double value);
Json write_value(std::int64_t value);
Json write_value(const std::string& value);
Json write_value(const std::optional<double>& value);
Json write_value(const std::optional<bool>& value);
Json write_value(const std::optional<std::string>& value);
Json write_value(const std::vector<double>& value);
Json write_value(const std::optional<Bound>& value);
Json write_value(Outcome value);
Json write_value(CacheState value);
Json write_value(const Value& value);

/// The inverse. Each throws `InvalidInput` saying what the value must be and what it is ("must be …, not …"); the
/// caller puts the place in front. Integers must not be negative; a null text is an empty one.
void read_value(const Json& json, double& value);
void read_value(const Json& json, std::int64_t& value);
void read_value(const Json& json, std::string& value);
void read_value(const Json& json, std::optional<double>& value);
void read_value(const Json& json, std::optional<bool>& value);
void read_value(const Json& json, std::optional<std::string>& value);
void read_value(const Json& json, std::vector<double>& value);
void read_value(const Json& json, std::optional<Bound>& value);
void read_value(const Json& json, Outcome& value);
void read_value(const Json& json, CacheState& value);
void read_value(const Json& json, Value& value);
/// As for int64, and at least 1: a size.
void read_size(const Json& json, std::int64_t& value);
/// As a size, and at most 2^31, the largest that the catalogue plans: what is reckoned from several stays within 64
/// bits.
void read_dimension(const Json& json, std::int64_t& value);
/// All 64 bits: a seed.
void read_seed(const Json& json, std::uint64_t& value);

/// What a JSON value is, for messages: "null", "a text", "a list", …
std::string kind_of(const Json& json);

}  // namespace qgemm
