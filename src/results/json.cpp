#include <fmt/format.h>

#include <cstdint>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results/context_json.hpp"
#include "results/fields.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {

Json write_row(const Result& row) {
  Json json = Json::object();
  for (const auto& field : row_fields()) json.push_back({std::string(field.name), field.get(row)});
  return json;
}

Result read_row(const Json& json, const std::string& place) {
  if (!json.is_object()) throw InvalidInput(place + " must be an object, not " + kind_of(json));
  Result row;
  for (const auto& field : row_fields()) {
    const auto found = json.find(std::string(field.name));
    if (found == json.end()) {
      if (!field.required) continue;
      throw InvalidInput(
          fmt::format("{} has no '{}': the file is damaged or was not written by qgemm", place, field.name));
    }
    try {
      field.set(row, *found);
    } catch (const InvalidInput& error) {
      throw InvalidInput(fmt::format("{}: '{}' {}", place, field.name, error.what()));
    }
  }
  return row;
}

void check_schema(const Json& json, const std::string& source) {
  constexpr const char* remedy = "give a results.json, its folder or a journal.jsonl of `qgemm bench`";
  if (!json.is_object())
    throw InvalidInput(fmt::format("{} is no qgemm result but {}: {}", source, kind_of(json), remedy));
  if (!json.contains("schema"))
    throw InvalidInput(fmt::format("{} is no qgemm result, it has no 'schema': {}", source, remedy));
  std::int64_t schema = 0;
  try {
    read_size(json["schema"], schema);
  } catch (const InvalidInput& error) {
    throw InvalidInput(fmt::format("{}: 'schema' {}", source, error.what()));
  }
  if (schema > results_schema) {
    throw InvalidInput(
        fmt::format("{} has schema {}, this program reads up to {}: it was written by a later qgemm, use that one",
                    source, schema, results_schema));
  }
  if (!json.contains("context")) {
    throw InvalidInput(source + " has no 'context': the file is damaged or was not written by qgemm");
  }
}

Context read_context_of(const Json& json, const std::string& source) {
  try {
    return read_context(json["context"]);
  } catch (const InvalidInput& error) {
    throw InvalidInput(fmt::format("{}: context: {}", source, error.what()));
  }
}

std::string to_json(const ResultSet& results) {
  // A row a line: `grep`, `diff` and a reader find a row, and raw samples do not take a line each.
  std::string text = fmt::format("{{\n\"schema\": {},\n\"context\": {},\n\"rows\": [", results_schema,
                                 dump_json(write_context(results.context), 2));
  const char* separator = "\n";
  for (const auto& row : results.rows) {
    text += separator;
    text += dump_json(write_row(row));
    separator = ",\n";
  }
  text += "\n]\n}\n";
  return text;
}

ResultSet parse_results(std::string_view json, const std::string& source) {
  const Json document = parse_json(json, source);
  check_schema(document, source);
  ResultSet results;
  results.context = read_context_of(document, source);
  const auto rows = document.find("rows");
  if (rows == document.end()) {
    throw InvalidInput(source + " has no 'rows': the file is damaged or was not written by qgemm");
  }
  if (!rows->is_array()) throw InvalidInput(source + ": 'rows' must be a list, not " + kind_of(*rows));
  results.rows.reserve(rows->size());
  for (const auto& row : *rows) {
    results.rows.push_back(read_row(row, fmt::format("{}: rows[{}]", source, results.rows.size())));
  }
  return results;
}

}  // namespace qgemm
