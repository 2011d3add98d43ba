#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/whole_number.hpp"
#include "qgemm/accuracy.hpp"
#include "qgemm/advise.hpp"
#include "qgemm/error.hpp"
#include "qgemm/results.hpp"

namespace qgemm::cli {
namespace {

/// Of models that the catalogue lacks, and of all with a number given: as many decoder layers, made of what was
/// measured.
std::vector<Model> models_of(const ResultSet& results, std::int64_t decoder_layers) {
  std::vector<Model> models;
  try {
    models = load_models(models_folder());
  } catch (const Unavailable&) {
    // Advice on saved results needs no catalogue: without it nothing is said of whole models.
  }
  if (decoder_layers == 0) return models;
  for (auto& model : models) model.decoder_layers = decoder_layers;
  std::set<std::string> known;
  for (const auto& model : models) known.insert(model.name);
  std::set<std::string> added;
  for (const auto& row : results.rows) {
    if (known.contains(row.model)) continue;
    if (added.insert(row.model).second) {
      Model& model = models.emplace_back();
      model.name = row.model;
      model.decoder_layers = decoder_layers;
    }
    for (auto& model : models) {
      if (model.name != row.model) continue;
      bool listed = false;
      for (const auto& layer : model.layers) listed = listed || layer.name == row.layer;
      if (!listed) model.layers.push_back({row.layer, row.shape.n, row.shape.k, SplitDim::n});
    }
  }
  return models;
}

/// A saved run, or a saved report of `qgemm accuracy`.
struct Saved {
  ResultSet results;
  std::optional<AccuracyReport> accuracy;
};

Saved load(const std::string& file) {
  Saved saved;
  saved.accuracy = load_accuracy(file);
  if (!saved.accuracy) saved.results = load_results(file);
  return saved;
}

std::string advice_on(const Saved& saved, std::int64_t decoder_layers, bool json) {
  if (saved.accuracy) {
    const auto advice = advise(*saved.accuracy);
    return json ? advice_to_json(advice, *saved.accuracy) : render_advice(advice, *saved.accuracy);
  }
  const auto advice = advise(saved.results, models_of(saved.results, decoder_layers));
  return json ? advice_to_json(advice, saved.results.context) : render_advice(advice, saved.results.context);
}

}  // namespace

void add_advise(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("advise", "What saved results mean: which scheme from which M on, and why");
  struct Arguments {
    std::vector<std::string> files;
    std::int64_t decoder_layers = 0;
    std::string format = "text";
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("FILE", arguments->files,
                   "results.json, a journal.jsonl, a folder with one, or what qgemm accuracy --format json saved")
      ->required();
  command
      ->add_option("--decoder-layers", arguments->decoder_layers,
                   "How many decoder layers the model has [the catalogue's number]")
      ->check(whole_number());
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_option("--format", arguments->format, "text, or json: the same as --json")->capture_default_str();
  command->callback([arguments, &exit_code] {
    if (arguments->decoder_layers < 0 || arguments->decoder_layers > 100'000) {
      throw InvalidInput(
          fmt::format("--decoder-layers is {}: give a whole number from 1 to 100000", arguments->decoder_layers));
    }
    if (arguments->format != "text" && arguments->format != "json") {
      throw InvalidInput(fmt::format("--format is '{}': use text or json", arguments->format.substr(0, 64)));
    }
    const bool json = arguments->json || arguments->format == "json";
    if (json && arguments->files.size() > 1) {
      throw InvalidInput(fmt::format("--json is of one run: give one FILE, not {}", arguments->files.size()));
    }
    std::vector<Saved> loaded;  // all of them first: a bad one is told before anything is printed
    for (const auto& file : arguments->files) loaded.push_back(load(file));
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      fmt::print("{}{}", i == 0 ? "" : "\n", advice_on(loaded[i], arguments->decoder_layers, json));
    }
    exit_code = success;
  });
}

}  // namespace qgemm::cli
