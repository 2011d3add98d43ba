#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <regex>
#include <utility>

#include "qgemm/accuracy.hpp"
#include "qgemm/error.hpp"
#include "results/json_text.hpp"
#include "results/posix_file.hpp"

namespace qgemm {
namespace {

/// Far past all providers and all α that a report has, and all layers of any model.
constexpr std::size_t max_schemes = 100, max_layers = 100'000;

/// ------------------------------------------------------------------------------------------------ writing

Json write_range(const ValueRange& range) {
  return {{"absmax", write_value(range.absmax)},
          {"median", write_value(range.median)},
          {"ratio", write_value(range.ratio())}};
}

Json write_scheme(const SchemeAccuracy& scheme) {
  return {{"provider", scheme.provider},
          {"sqnr_db", write_value(scheme.sqnr_db)},
          {"alpha", write_value(scheme.alpha)},
          {"smoothed_db", write_value(scheme.smoothed_db)},
          {"by_alpha", write_value(scheme.by_alpha)}};
}

Json write_layer(const LayerAccuracy& layer) {
  Json schemes = Json::array();
  for (const auto& scheme : layer.schemes) schemes.push_back(write_scheme(scheme));
  return {{"model", layer.model},
          {"decoder_layer", layer.decoder_layer},
          {"layer", layer.layer},
          {"tp", layer.tp},
          {"rank", layer.rank},
          {"tokens", layer.tokens},
          {"calibration_tokens", layer.calibration_tokens},
          {"n", layer.n},
          {"k", layer.k},
          {"channels", layer.channels},
          {"stored", layer.weights},
          {"weights", write_range(layer.weight)},
          {"activations", write_range(layer.activation)},
          {"tokens_range", write_range(layer.token)},
          {"massive_tokens_pct", write_value(layer.massive_pct)},
          {"foldable", !layer.fold.empty()},
          {"fold", layer.fold.empty() ? Json() : Json(layer.fold)},
          {"message", layer.message},
          {"schemes", std::move(schemes)}};
}

Json write_place(const LayerPlace& place) { return {{"decoder_layer", place.decoder_layer}, {"layer", place.layer}}; }

Json write_summary(const ProviderAccuracy& row) {
  return {{"model", row.model},
          {"tp", row.tp},
          {"provider", row.provider},
          {"worst_db", write_value(row.worst_db)},
          {"worst", write_place(row.worst)},
          {"median_db", write_value(row.median_db)},
          {"smoothed_worst_db", write_value(row.smoothed_worst_db)},
          {"smoothed_worst", row.smoothed_worst_db ? write_place(row.smoothed_worst) : Json()},
          {"smoothed_median_db", write_value(row.smoothed_median_db)},
          {"alpha_low", write_value(row.alpha_low)},
          {"alpha_high", write_value(row.alpha_high)}};
}

std::string lines_of(const std::vector<Json>& rows) {
  std::string text;
  const char* separator = "\n";
  for (const auto& row : rows) {
    text += separator + dump_json(row);
    separator = ",\n";
  }
  return text;
}

/// ------------------------------------------------------------------------------------------------ reading

/// Reads one object's fields; what is wrong is told with the field's name behind the object's place.
class Fields {
 public:
  Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) throw InvalidInput(place_ + " must be an object, not " + kind_of(json));
  }

  const std::string& place() const { return place_; }
  bool has(const char* name) const { return json_.contains(name); }
  const Json& at(const char* name) const {
    const auto found = json_.find(name);
    if (found != json_.end()) return *found;
    throw InvalidInput(
        fmt::format("{} has no '{}': the file is damaged or was not written by `qgemm accuracy`", place_, name));
  }
  template <class T>
  void read(const char* name, T& value) const {
    read_by(name, [&](const Json& json) { read_value(json, value); });
  }
  void read_by(const char* name, const std::function<void(const Json&)>& reader) const {
    const Json& json = at(name);
    try {
      reader(json);
    } catch (const InvalidInput& error) {
      throw InvalidInput(fmt::format("{}: '{}' {}", place_, name, error.what()));
    }
  }
  /// A figure that can be compared with others: no NaN.
  void read_number(const char* name, double& value) const {
    read_by(name, [&](const Json& json) { read_ordered(json, value); });
  }
  void read_number(const char* name, std::optional<double>& value) const {
    read_by(name, [&](const Json& json) {
      read_value(json, value);
      if (value && std::isnan(*value)) throw InvalidInput("must be a number or null, not nan");
    });
  }
  void read_numbers(const char* name, std::vector<double>& values) const {
    read_list(name, max_schemes,
              [&](const Json& json, const std::string&) { read_ordered(json, values.emplace_back()); });
  }
  void read_texts(const char* name, std::vector<std::string>& values) const {
    read_list(name, max_schemes,
              [&](const Json& json, const std::string&) { read_value(json, values.emplace_back()); });
  }
  void read_list(const char* name, std::size_t most,
                 const std::function<void(const Json&, const std::string& place)>& reader) const {
    const Json& list = at(name);
    if (!list.is_array())
      throw InvalidInput(fmt::format("{}: '{}' must be a list, not {}", place_, name, kind_of(list)));
    if (list.size() > most) {
      throw InvalidInput(fmt::format("{}: '{}' has {} entries, more than the {} that any report has", place_, name,
                                     list.size(), most));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = fmt::format("{}: {}[{}]", place_, name, i);
      try {
        reader(list[i], place);
      } catch (const InvalidInput& error) {
        const std::string what = error.what();
        throw InvalidInput(what.starts_with(place) ? what : place + " " + what);
      }
    }
  }

 private:
  static void read_ordered(const Json& json, double& value) {
    read_value(json, value);
    if (std::isnan(value)) throw InvalidInput("must be a number, not nan");
  }

  const Json& json_;
  std::string place_;
};

ValueRange read_range(const Fields& fields, const char* name) {
  const Fields range(fields.at(name), fields.place() + ": " + name);
  ValueRange out;
  range.read_number("absmax", out.absmax);
  range.read_number("median", out.median);
  if (!(out.absmax >= 0 && out.median >= 0 && std::isfinite(out.absmax) && std::isfinite(out.median))) {
    throw InvalidInput(fmt::format("{}: '{}' must have magnitudes from 0 on", fields.place(), name));
  }
  return out;
}

SchemeAccuracy read_scheme(const Json& json, const std::string& place, const AccuracyReport& report) {
  const Fields fields(json, place);
  SchemeAccuracy out;
  fields.read("provider", out.provider);
  fields.read_number("sqnr_db", out.sqnr_db);
  fields.read_number("alpha", out.alpha);
  fields.read_number("smoothed_db", out.smoothed_db);
  fields.read_numbers("by_alpha", out.by_alpha);
  if (std::find(report.providers.begin(), report.providers.end(), out.provider) == report.providers.end()) {
    throw InvalidInput(place + " has a 'provider' that is not among the report's");
  }
  if (!out.by_alpha.empty() && out.by_alpha.size() != report.alphas.size()) {
    throw InvalidInput(
        fmt::format("{}: 'by_alpha' has {} figures for {} 'alphas'", place, out.by_alpha.size(), report.alphas.size()));
  }
  return out;
}

LayerAccuracy read_layer(const Json& json, const std::string& place, const AccuracyReport& report) {
  const Fields fields(json, place);
  LayerAccuracy out;
  const auto size = [&](const char* name, std::int64_t& value) {
    fields.read_by(name, [&](const Json& held) { read_dimension(held, value); });
  };
  fields.read("model", out.model);
  fields.read("decoder_layer", out.decoder_layer);
  fields.read("layer", out.layer);
  size("tp", out.tp);
  fields.read("rank", out.rank);
  size("tokens", out.tokens);
  // Earlier versions calibrated on the tested tokens, and said nothing of it.
  if (fields.has("calibration_tokens")) {
    fields.read_by("calibration_tokens", [&](const Json& held) { read_size(held, out.calibration_tokens); });
  }
  size("n", out.n);
  size("k", out.k);
  size("channels", out.channels);
  fields.read("stored", out.weights);
  out.weight = read_range(fields, "weights");
  out.activation = read_range(fields, "activations");
  out.token = read_range(fields, "tokens_range");
  fields.read_number("massive_tokens_pct", out.massive_pct);
  fields.read("fold", out.fold);
  fields.read("message", out.message);
  fields.read_list("schemes", max_schemes, [&](const Json& held, const std::string& where) {
    out.schemes.push_back(read_scheme(held, where, report));
  });
  return out;
}

void check_schema(const Json& json, const std::string& source) {
  if (!json.is_object() || json.value("report", Json()) != "accuracy") {
    throw InvalidInput(source + " is no report of `qgemm accuracy --format json`");
  }
  std::int64_t schema = 0;
  Fields(json, source).read_by("schema", [&](const Json& held) { read_size(held, schema); });
  if (schema > accuracy_schema) {
    throw InvalidInput(
        fmt::format("{} has schema {}, this program reads up to {}: it was written by a later qgemm, use that one",
                    source, schema, accuracy_schema));
  }
}

}  // namespace

std::string to_json(const AccuracyReport& report) {
  Json head = {{"report", "accuracy"},
               {"schema", accuracy_schema},
               {"date", report.date},
               {"command", report.command},
               {"qgemm_version", report.qgemm_version},
               {"git_revision", report.git_revision},
               {"weights", report.weights},
               {"activations", report.activations},
               {"seed", report.seed},
               {"alphas", write_value(report.alphas)},
               {"providers", report.providers},
               {"notes", report.notes},
               {"planned", report.planned}};
  std::vector<Json> layers, summary;
  for (const auto& layer : report.layers) layers.push_back(write_layer(layer));
  for (const auto& row : summarize(report)) summary.push_back(write_summary(row));
  std::string text = "{\n";
  for (const auto& [name, value] : head.items()) text += dump_json(Json(name)) + ": " + dump_json(value) + ",\n";
  return text + "\"layers\": [" + lines_of(layers) + "\n],\n\"summary\": [" + lines_of(summary) + "\n]\n}\n";
}

bool holds_accuracy(std::string_view json) {
  // Its first field; the texts before it in a file that somebody sorted are short.
  static const std::regex marker(R"("report"\s*:\s*"accuracy")");
  const std::string_view head = json.substr(0, 4096);
  return std::regex_search(head.begin(), head.end(), marker);
}

AccuracyReport parse_accuracy(std::string_view json, const std::string& source) {
  const Json document = parse_json(json, source);
  check_schema(document, source);
  const Fields fields(document, source);
  AccuracyReport out;
  fields.read("date", out.date);
  fields.read("command", out.command);
  fields.read("qgemm_version", out.qgemm_version);
  fields.read("git_revision", out.git_revision);
  fields.read("weights", out.weights);
  fields.read("activations", out.activations);
  fields.read_by("seed", [&](const Json& held) { read_seed(held, out.seed); });
  fields.read_numbers("alphas", out.alphas);
  fields.read_texts("providers", out.providers);
  fields.read_texts("notes", out.notes);
  fields.read("planned", out.planned);
  fields.read_list("layers", max_layers, [&](const Json& held, const std::string& where) {
    out.layers.push_back(read_layer(held, where, out));
  });
  return out;
}

std::optional<AccuracyReport> load_accuracy(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || std::filesystem::is_directory(path, ignored)) return std::nullopt;
  const std::string text = read_file(path);
  if (!holds_accuracy(text)) return std::nullopt;
  return parse_accuracy(text, path.string());
}

}  // namespace qgemm
