#include "qgemm/advise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "advise/advice_parts.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

Advice note(const PointTimes& times, std::string text) {
  Advice advice = advice_on("note", times);
  advice.text = std::move(text);
  return advice;
}

/// What the times leave open, and the command that would tell.
void add_notes(std::vector<Advice>& out, const PointTimes& times, const Model* model, const ResultSet& results) {
  if (!times.has("bf16"))
    out.push_back(
        note(times, "Without bf16 there is nothing to be faster than: measure it with `--providers default`."));
  const auto close = [&] {
    for (std::size_t i = 0; i + 1 < times.sizes.size(); ++i) {
      if (times.sizes[i + 1] * 8 <= times.sizes[i] * 9 || times.sizes[i + 1] == times.sizes[i] + 1) return true;
    }
    return false;
  };
  if (!close()) {
    out.push_back(note(times,
                       "The batch sizes lie too far apart to show what one more row costs: measure neighbours, such as "
                       "`--batch-sizes 127 128 129 144 160`, before padding anything."));
  }
  if (times.cache == CacheState::hot && results.context.device.kind == DeviceKind::cuda) {
    out.push_back(
        note(times,
             "The operands were hot, in the cache where they fit; in a decoding step weights come from memory: "
             "`--cache cold` measures that."));
  }
  if (times.model == bare_shapes) return;
  if (std::any_of(times.layers.begin(), times.layers.end(), is_of_an_expert)) {
    out.push_back(note(times,
                       "M of an expert's layer is that expert's tokens, and a batch meets many experts: those layers "
                       "stand for themselves, and nothing is said of a whole step."));
    return;
  }
  if (model == nullptr || model->decoder_layers < 1) {
    out.push_back(note(times,
                       "How many decoder layers the model has is not known here: `--decoder-layers` adds what a "
                       "whole step takes."));
  } else if (const auto measured = std::count_if(times.layers.begin(), times.layers.end(), in_each_block);
             measured < layers_of_a_block(*model)) {
    out.push_back(
        note(times, fmt::format("Only {} of the model's {} layers were measured: nothing can be said of a whole "
                                "step.",
                                measured, layers_of_a_block(*model))));
  } else {
    out.push_back(note(times,
                       "Steps are those of the measured products alone, without attention, norms, communication and "
                       "the output layer: real ones take longer."));
  }
}

void add_troubles(std::vector<Advice>& out, const ResultSet& results) {
  std::int64_t wrong = 0, noisy = 0;
  for (const auto& row : results.rows) {
    wrong += row.outcome == Outcome::incorrect || row.outcome == Outcome::failed ? 1 : 0;
    noisy += row.outcome == Outcome::noisy ? 1 : 0;
  }
  Advice advice;
  advice.kind = "note";
  if (wrong > 0) {
    advice.text = fmt::format("{} row{} wrong or failed and {} left out: see `qgemm report`.", wrong,
                              wrong == 1 ? " is" : "s are", wrong == 1 ? "is" : "are");
    advice.numbers = {{"rows", wrong}};
    out.push_back(advice);
  }
  if (noisy > 0) {
    advice.text = fmt::format("{} of {} rows are noisy; their intervals are wider, and are in the figures here.", noisy,
                              results.rows.size());
    advice.numbers = {{"rows", noisy}};
    out.push_back(advice);
  }
}

}  // namespace

Advice advice_on(const char* kind, const PointTimes& times, const std::string& layer, const std::string& provider) {
  Advice advice;
  advice.kind = kind;
  advice.model = times.model;
  advice.tp = times.tp;
  advice.cache = name(times.cache);
  advice.layer = layer;
  advice.provider = provider;
  return advice;
}

std::vector<std::string> scopes_of(const PointTimes& times) {
  if (times.model == bare_shapes || times.layers.size() == 1) return times.layers;
  std::vector<std::string> scopes{""};
  for (const auto& layer : times.layers) {
    if (!in_each_block(layer)) scopes.push_back(layer);
  }
  if (scopes.size() > times.layers.size()) scopes.erase(scopes.begin());  // none is in each block
  return scopes;
}

std::string scope_text(const std::string& layer) { return layer.empty() ? "All layers" : "Layer " + printable(layer); }

std::string figure(double value) {
  const double size = std::abs(value);
  if (size < 0.995) return fmt::format("{:.2g}", value);
  return fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

std::string duration(double us) { return us < 999.5 ? figure(us) + " µs" : figure(us / 1000) + " ms"; }

bool is_complete(const std::string& provider) { return !provider.ends_with("-noquant"); }

std::vector<Advice> advise(const ResultSet& results, const std::vector<Model>& catalog) {
  std::vector<Advice> out;
  const auto all = point_times(results);
  std::map<std::pair<std::string, CacheState>, std::vector<const PointTimes*>> by_model;
  for (const auto& times : all) {
    const auto found =
        std::find_if(catalog.begin(), catalog.end(), [&](const Model& m) { return m.name == times.model; });
    const Model* model = found == catalog.end() ? nullptr : &*found;
    add_scheme_advice(out, times);
    add_quantization_advice(out, times);
    if (model != nullptr) add_model_advice(out, times, *model);
    add_cliff_advice(out, times);
    add_padding_advice(out, times);
    add_accuracy_advice(out, times, results);
    add_notes(out, times, model, results);
    by_model[{times.model, times.cache}].push_back(&times);
  }
  for (auto& [model, by_tp] : by_model) {
    std::sort(by_tp.begin(), by_tp.end(), [](const PointTimes* a, const PointTimes* b) { return a->tp < b->tp; });
    add_tensor_parallel_advice(out, by_tp);
  }
  add_troubles(out, results);
  return out;
}

}  // namespace qgemm
