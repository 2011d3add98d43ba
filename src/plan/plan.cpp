#include "plan/plan.hpp"

#include <algorithm>
#include <cstdint>

#include "core/nearest.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// The name of a layer that has none: what it multiplies.
std::string shape_name(std::int64_t n, std::int64_t k) { return "n" + std::to_string(n) + "_k" + std::to_string(k); }

template <class T>
std::vector<T> unique_in_order(const std::vector<T>& values) {
  std::vector<T> out;
  for (const auto& value : values) {
    if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(value);
  }
  return out;
}

/// Weeks of measuring. What has more was not meant so.
constexpr std::size_t max_rows = 1'000'000;

void check_rows(std::size_t rows) {
  if (rows <= max_rows) return;
  throw InvalidInput("the sweep has more than " + std::to_string(max_rows) +
                     " rows: give fewer models, TP sizes, batch sizes or providers at a time");
}

struct PlannedShape {
  std::string model, layer;
  std::int64_t tp;
  Shape shape;
  std::int64_t batch;
};

std::vector<std::int64_t> batch_sizes(const SweepOptions& options, const PlanDevice& device) {
  if (!options.scan_m.empty()) return parse_scan(options.scan_m);
  if (!options.batch_sizes.empty()) return unique_in_order(options.batch_sizes);
  return options.quick ? device.quick_batch_sizes : device.default_batch_sizes;
}

bool wanted_layer(const SweepOptions& options, const std::string& layer) {
  return options.layers.empty() || std::any_of(options.layers.begin(), options.layers.end(),
                                               [&](const auto& pattern) { return matches_pattern(layer, pattern); });
}

/// Refuses a pattern that no layer of any selected model has: a slip would otherwise look like an empty sweep.
void check_layers(const SweepOptions& options, const std::vector<Model>& models) {
  std::vector<std::string> known;
  for (const auto& model : models) {
    for (const auto& layer : model.layers) known.push_back(layer.name);
  }
  known = unique_in_order(known);
  for (const auto& pattern : options.layers) {
    if (std::none_of(known.begin(), known.end(), [&](const auto& name) { return matches_pattern(name, pattern); })) {
      throw InvalidInput("no layer is named '" + pattern.substr(0, 64) + "': the selected models have " +
                         join_or(known));
    }
  }
}

std::vector<Model> chosen_models(const SweepOptions& options) {
  if (!options.weights.empty()) {
    return {load_model_config(options.weights)};
  }
  auto models = select_models(load_models(models_folder()), options.models);
  if (!options.lm_head) return models;
  for (auto& model : models) {
    if (!model.lm_head) {
      throw InvalidInput(model.name +
                         ": nothing tells the size of its vocabulary, which --lm-head needs: name its "
                         "config.json with --models, or leave --lm-head out");
    }
    model.layers.push_back(*model.lm_head);
  }
  return models;
}

std::vector<PlannedShape> planned_shapes(const SweepOptions& options, const PlanDevice& device) {
  std::vector<PlannedShape> planned;
  if (!options.shapes.empty()) {
    std::vector<Shape> seen;
    for (const Shape& shape : options.shapes) {
      if (std::find(seen.begin(), seen.end(), shape) != seen.end()) continue;
      seen.push_back(shape);
      planned.push_back({"shapes", shape_name(shape.n, shape.k), 1, shape, shape.m});
    }
    return planned;
  }
  const auto models = chosen_models(options);
  check_layers(options, models);
  const auto tp_sizes = unique_in_order(options.tp_sizes);
  const auto sizes = batch_sizes(options, device);
  for (const Model& model : models) {
    for (const std::int64_t tp : tp_sizes) {
      for (const Layer& whole : model.layers) {
        if (!wanted_layer(options, whole.name)) continue;
        const Layer layer = split_layer(model, whole, tp);
        check_rows(planned.size() + sizes.size());
        std::int64_t before = 0;
        for (const std::int64_t batch : sizes) {
          // Of an expert's layer several batch sizes can mean as many tokens.
          const std::int64_t m = tokens_of(layer, batch);
          if (layer.experts == 0 || m != before)
            planned.push_back({model.name, layer.name, tp, {m, layer.n, layer.k}, batch});
          before = m;
        }
      }
    }
  }
  return planned;
}

void check_k(const Shape& shape, const std::string& provider, const Scheme& scheme) {
  const std::int64_t bound = max_k(scheme);
  if (shape.k <= bound) return;
  throw InvalidInput("K=" + std::to_string(shape.k) + " of " + to_string(shape) + " is past " + std::to_string(bound) +
                     ", the largest K whose int32 sums cannot overflow for " + provider +
                     ": split K, or choose float providers (--providers bf16 f32)");
}

template <class T>
bool has(const std::vector<T>& values, const T& wanted) {
  return std::find(values.begin(), values.end(), wanted) != values.end();
}

/// The externals that `options` name, as the device has them.
std::vector<PlanExternal> chosen_externals(const SweepOptions& options, const PlanDevice& device) {
  std::vector<PlanExternal> chosen;
  std::vector<std::string> known;
  for (const auto& external : device.externals) known.push_back(external.name);
  for (const auto& name : unique_in_order(options.external)) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      throw InvalidInput("unknown external '" + name.substr(0, 64) + "': " +
                         (known.empty() ? "none is known here (docs/python.md says how they get known)"
                                        : "those known are " + join_or(known)));
    }
    if (has<std::string>(device.engines, name) || name == "auto" || name == "all" || name == "none") {
      throw InvalidInput("the external '" + name + "' has the name of an engine of this program: give it another");
    }
    chosen.push_back(device.externals[static_cast<std::size_t>(found - known.begin())]);
  }
  return chosen;
}

/// Refuses externals that would have no row.
void check_externals(const std::vector<PlanExternal>& externals, const std::vector<std::string>& providers) {
  for (const auto& external : externals) {
    const bool serves = std::any_of(providers.begin(), providers.end(),
                                    [&](const auto& provider) { return has(external.providers, provider); });
    if (serves) continue;
    throw InvalidInput("the external " + external.name +
                       " has none of the selected providers: add one of its own with " + "--providers (" +
                       join_or(external.providers) + ")");
  }
}

/// Of `options.engines` those of the device, and the externals named there.
std::vector<std::string> engine_names(const SweepOptions& options, const PlanDevice& device) {
  std::vector<std::string> names;
  for (const auto& wanted : options.engines) {
    if (wanted == "all") {
      names.insert(names.end(), device.engines.begin(), device.engines.end());
    } else if (wanted == "auto" || has(device.engines, wanted) || has(options.external, wanted)) {
      names.push_back(wanted);
    } else {
      throw InvalidInput("unknown engine '" + wanted.substr(0, 64) + "': this build has " + join_or(device.engines) +
                         ", or use auto or all");
    }
  }
  return unique_in_order(names);
}

/// A kernel that nothing asked for has would be no error and no kernel.
void check_kernel(const SweepOptions& options, const PlanDevice& device) {
  if (options.kernel.empty()) return;
  if (!has<std::string>(device.engines, "cutlass")) {
    throw InvalidInput("--kernel names one of the engine cutlass, which this device or build does not have (it has " +
                       join_or(device.engines) + "): leave --kernel out, or measure on a GPU with --device cuda");
  }
  const auto asked = [&](const char* name) { return has<std::string>(options.engines, name); };
  if (!asked("cutlass") && !asked("auto") && !asked("all")) {
    throw InvalidInput("--kernel names one of the engine cutlass, which --engines leaves out: add cutlass there");
  }
}

}  // namespace

PlanDevice cpu_plan_device(std::vector<std::string> engines) {
  return {{"bf16", "f32", "int8-tensor-w-tensor-a", "int8-tensor-w-tensor-a-noquant", "int8-channel-w-token-a",
           "int8-channel-w-token-a-noquant"},
          {1, 16, 64, 128, 256, 512, 1024},
          {1, 64, 512},
          CacheState::cold,
          std::move(engines)};
}

PlanDevice cuda_plan_device(std::vector<std::string> engines, bool fp8) {
  std::vector<std::string> providers{"bf16", "int8-tensor-w-tensor-a", "int8-tensor-w-tensor-a-noquant",
                                     "int8-channel-w-token-a", "int8-channel-w-token-a-noquant"};
  if (fp8) {
    for (const char* name : {"fp8-tensor-w-tensor-a", "fp8-tensor-w-tensor-a-noquant", "fp8-channel-w-token-a",
                             "fp8-channel-w-token-a-noquant"}) {
      providers.emplace_back(name);
    }
  }
  return {std::move(providers),
          {1, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384},
          {1, 64, 512, 4096},
          CacheState::hot,
          std::move(engines)};
}

std::vector<Point> plan_points(const SweepOptions& options, const PlanDevice& device) {
  check(options);
  const auto providers = expand_providers(options.providers, device.default_providers);
  if (providers.empty())
    throw InvalidInput("no provider is selected: name one with --providers (qgemm list providers)");
  const auto externals = chosen_externals(options, device);
  check_externals(externals, providers);
  auto engines = engine_names(options, device);
  for (const auto& external : externals) engines.push_back(external.name);
  engines = unique_in_order(engines);
  check_kernel(options, device);
  const auto caches = options.cache.empty() ? std::vector{device.default_cache} : unique_in_order(options.cache);

  const auto shapes = planned_shapes(options, device);
  check_rows(shapes.size() * caches.size() * providers.size() * engines.size());
  std::vector<Point> points;
  for (const auto& planned : shapes) {
    for (const CacheState cache : caches) {
      Point point{planned.model, planned.layer, planned.tp, planned.shape, cache, {}};
      for (const auto& provider : providers) {
        Scheme scheme = parse_provider(provider);
        if (provider != "f32") scheme.output = options.output;
        check_k(planned.shape, provider, scheme);
        for (const auto& engine : engines) {
          const auto external =
              std::find_if(externals.begin(), externals.end(), [&](const auto& e) { return e.name == engine; });
          if (external != externals.end() && !has(external->providers, provider)) continue;
          point.cases.push_back({planned.model, planned.layer, planned.tp, provider,
                                 GemmSpec{planned.shape, scheme, options.bias}, engine, cache, planned.batch});
        }
      }
      points.push_back(std::move(point));
    }
  }
  return points;
}

}  // namespace qgemm
