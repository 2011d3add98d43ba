// A tuning table as a file:
// {"schema": 2, "gpu": "NVIDIA H100 80GB HBM3", "qgemm_version": "0.1.0", "entries": [
//  {"input": "s8", "m": 16, "n": 6144, "k": 4096, "cache": "hot", "kernel": "sm90_…", "raster": 0, "swizzle": 1,
//   "us": 8.125}, …]}
// Schema 1 had no "cache": one choice, by the geometric mean of hot and cold, was both.
// qgemm_version is the program that wrote it last: for a reader, nothing depends on it.
#include <algorithm>
#include <cmath>
#include <vector>

#include "catalog/json_file.hpp"
#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "qgemm/version.hpp"
#include "results/json_text.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm {
namespace {

struct Entry {
  DType input = DType::s8;
  Shape shape;
  std::vector<CacheState> states;  // that it counts for
  TunedChoice choice;
};

int small_integer(const JsonFields& fields, const char* field, int low, int high) {
  const std::int64_t value = fields.integer(field);
  if (value < low || value > high) {
    fields.fail(field, "is " + std::to_string(value) + "; it must be between " + std::to_string(low) + " and " +
                           std::to_string(high));
  }
  return static_cast<int>(value);
}

std::vector<CacheState> read_states(const JsonFields& fields, std::int64_t schema) {
  if (schema == 1) return {CacheState::hot, CacheState::cold};
  const std::string cache = fields.text("cache");
  if (cache != name(CacheState::hot) && cache != name(CacheState::cold)) {
    fields.fail("cache", "is '" + cache.substr(0, 64) + "'; it must be hot or cold");
  }
  return {parse_cache_state(cache)};
}

Entry read_entry(const nlohmann::json& json, std::int64_t schema, const std::string& where) {
  const JsonFields fields(json, where);
  Entry entry;
  const std::string input = fields.text("input");
  if (input != name(DType::s8) && input != name(DType::e4m3)) {
    fields.fail("input", "is '" + input.substr(0, 64) + "'; it must be s8 or e4m3");
  }
  entry.input = parse_dtype(input);
  entry.shape = {fields.dimension("m"), fields.dimension("n"), fields.dimension("k")};
  entry.states = read_states(fields, schema);
  entry.choice.kernel = fields.text("kernel");
  entry.choice.raster = small_integer(fields, "raster", 0, 2);
  entry.choice.swizzle = small_integer(fields, "swizzle", 1, max_swizzle);
  const auto us = json.find("us");
  if (us == json.end() || !us->is_number() || !(us->get<double>() > 0)) {
    fields.fail("us", "must be a positive number of microseconds");
  }
  entry.choice.us = us->get<double>();
  return entry;
}

/// The file's schema, if it is a table of this GPU.
std::int64_t check_head(const JsonFields& fields, const std::string& gpu) {
  if (!fields.has("schema") || !fields.has("gpu")) throw InvalidInput(fields.where() + " is no tuning table");
  const std::int64_t schema = fields.integer("schema");
  if (schema > tuning_schema) {
    throw InvalidInput(fields.where() + " has schema " + std::to_string(schema) + ", this program reads up to " +
                       std::to_string(tuning_schema) + ": it was written by a later qgemm");
  }
  if (schema < 1) fields.fail("schema", "is " + std::to_string(schema) + "; it must be at least 1");
  if (fields.text("gpu") != gpu) {
    throw InvalidInput(fields.where() + " was measured on " + fields.text("gpu").substr(0, 64) + ", not on " + gpu);
  }
  return schema;
}

TuningTable read_table(const std::filesystem::path& path, const std::string& gpu, const std::string& origin) {
  const nlohmann::json document = read_json_file(path);
  const JsonFields fields(document, path.string());
  const std::int64_t schema = check_head(fields, gpu);
  const auto entries = document.find("entries");
  if (entries == document.end() || !entries->is_array()) fields.fail("entries", "must be a list");
  TuningTable table(gpu);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const std::string where = path.string() + ", entries[" + std::to_string(i) + "]";
    Entry entry = read_entry((*entries)[i], schema, where);
    entry.choice.origin = origin;
    for (const CacheState state : entry.states) {
      // Which of the two to believe nobody knows: a merge by hand went wrong.
      if (table.find(entry.input, entry.shape, state)) {
        throw InvalidInput(where + " is a second one for " + std::string(name(entry.input)) + " " +
                           to_string(entry.shape) + " " + std::string(name(state)));
      }
      table.add(entry.input, entry.shape, state, entry.choice);
    }
  }
  return table;
}

/// To the nanosecond: what lies below is noise that would make every line of a diff.
double rounded(double us) { return std::max(0.001, std::round(us * 1000) / 1000); }

}  // namespace

TuningTable TuningTable::load(const std::filesystem::path& path, const std::string& gpu, const std::string& origin) {
  try {
    return read_table(path, gpu, origin);
  } catch (const InvalidInput& error) {
    throw InvalidInput(std::string(error.what()) + "; move the file away, `qgemm tune` measures a new one");
  }
}

void TuningTable::save(const std::filesystem::path& path) const {
  std::string text = "{\n\"schema\": " + std::to_string(tuning_schema) + ",\n\"gpu\": " + dump_json(gpu_) +
                     ",\n\"qgemm_version\": " + dump_json(std::string(version())) + ",\n\"entries\": [";
  const char* separator = "\n";
  for (const auto& [which, choice] : choices_) {
    const auto& [input, n, k, m, cache] = which;
    const Json entry = {{"input", name(input)},
                        {"m", m},
                        {"n", n},
                        {"k", k},
                        {"cache", name(cache)},
                        {"kernel", choice.kernel},
                        {"raster", choice.raster},
                        {"swizzle", choice.swizzle},
                        {"us", rounded(choice.us)}};
    text += separator + dump_json(entry);
    separator = ",\n";
  }
  write_file(path, text + "\n]\n}\n");
}

}  // namespace qgemm
