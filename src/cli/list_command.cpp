#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/progress.hpp"
#include "core/nearest.hpp"
#include "device/cpu_info.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/cpu/row_kernels.hpp"
#include "report/printable.hpp"
#include "results/json_text.hpp"
#include "run/select_testbed.hpp"
#ifdef QGEMM_HAVE_CUDA
#include "cuda/device.hpp"
#include "kernels/scaled_gemm.hpp"
#endif

namespace qgemm::cli {
namespace {

const std::vector<std::string> subjects{"models", "layers", "providers", "engines", "devices", "kernels"};

/// A list of objects with the same keys: printed as JSON, or as aligned columns.
void print_rows(const Json& rows, bool json) {
  if (json) {
    fmt::print("{}\n", dump_json(rows, 1));
    return;
  }
  if (rows.empty()) return;
  const auto text = [](const Json& value) {
    return value.is_string() ? printable(value.get_ref<const std::string&>()) : value.dump();
  };
  std::vector<std::string> keys;
  std::vector<std::size_t> widths;
  for (const auto& [key, value] : rows[0].items()) keys.push_back(key), widths.push_back(key.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < keys.size(); ++i) widths[i] = std::max(widths[i], text(row[keys[i]]).size());
  }
  const auto print_line = [&](auto&& cell) {
    std::string line;
    for (std::size_t i = 0; i < keys.size(); ++i) line += fmt::format("{:<{}}  ", cell(i), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  print_line([&](std::size_t i) { return keys[i]; });
  for (const auto& row : rows) print_line([&](std::size_t i) { return text(row[keys[i]]); });
}

Json models() {
  Json rows = Json::array();
  for (const auto& model : load_models(models_folder())) {
    rows.push_back({{"model", model.name}, {"layers", model.layers.size()}, {"source", model.source}});
  }
  return rows;
}

Json layers(const std::vector<std::string>& names) {
  Json rows = Json::array();
  for (const auto& model : select_models(load_models(models_folder()), names)) {
    for (const auto& layer : model.layers) {
      rows.push_back({{"model", model.name},
                      {"layer", layer.name},
                      {"n", layer.n},
                      {"k", layer.k},
                      {"split", layer.split == SplitDim::n   ? "n"
                                : layer.split == SplitDim::k ? "k"
                                                             : "none"},
                      {"bias", layer.bias ? "yes" : "no"},
                      {"tokens", layer.experts == 0 ? "all"
                                                    : fmt::format("{} of {} experts a token", layer.experts_per_token,
                                                                  layer.experts)}});
    }
  }
  return rows;
}

Json providers() {
  Json rows = Json::array();
  const SweepOptions automatic;
  const auto testbed = select_testbed(automatic).testbed;
  const auto engines = testbed->engines();
  const auto defaults = testbed->plan_device().default_providers;
  for (const auto& provider : all_providers()) {
    const GemmSpec spec{{64, 64, 64}, parse_provider(provider), false};
    std::string by, reason;
    for (const Engine* engine : engines) {
      const Support support = engine->supports(spec);
      if (support.ok) by += (by.empty() ? "" : " ") + std::string(engine->name());
      reason = support.reason;
    }
    const bool is_default = std::find(defaults.begin(), defaults.end(), provider) != defaults.end();
    rows.push_back({{"provider", provider},
                    {"default", is_default ? "yes" : "no"},
                    {"engines", by.empty() ? "none: " + reason : by}});
  }
  return rows;
}

Json engines() {
  Json rows = Json::array();
  const SweepOptions automatic;
  SweepOptions cpu;
  cpu.device = "cpu";
  const auto add = [&rows](const Testbed& testbed) {
    for (const Engine* engine : testbed.engines()) {
      rows.push_back(
          {{"engine", engine->name()}, {"device", name(testbed.kind())}, {"description", engine->description()}});
    }
  };
  const auto selected = select_testbed(automatic).testbed;
  if (selected->kind() != DeviceKind::cpu) add(*selected);
  add(*select_testbed(cpu).testbed);
  return rows;
}

Json devices() {
  Json rows = Json::array();
#ifdef QGEMM_HAVE_CUDA
  for (const auto& gpu : cuda::find_devices().list) {
    rows.push_back({{"device", fmt::format("cuda:{}", gpu.ordinal)},
                    {"name", gpu.name},
                    {"isa", fmt::format("sm_{}{}", gpu.major, gpu.minor)},
                    {"units", gpu.multiprocessors},
                    {"memory", bytes_text(gpu.memory_bytes)}});
  }
#endif
  rows.push_back({{"device", "cpu"},
                  {"name", cpu_model_name()},
                  {"isa", name(best_isa())},
                  {"units", physical_cores().size()},
                  {"memory", bytes_text(total_memory_bytes())}});
  return rows;
}

Json kernels() {
  Json rows = Json::array();
#ifdef QGEMM_HAVE_CUDA
  const auto gpus = cuda::find_devices().list;
  for (const auto* kernel : kernels::all_kernels()) {
    const auto& traits = kernel->traits();
    const bool runs = std::any_of(gpus.begin(), gpus.end(), [&](const auto& gpu) {
      return traits.only_this_family ? gpu.major == traits.min_capability / 10
                                     : gpu.capability() >= traits.min_capability;
    });
    rows.push_back({{"kernel", traits.name},
                    {"work", fmt::format("{} product to {}", name(traits.input), name(traits.output))},
                    {"runs_here", runs ? "yes" : "no"}});
  }
#endif
  std::vector<const RowKernels*> here{&plain_row_kernels};
#if defined(__x86_64__)
  here.push_back(&avx2_row_kernels);
  here.push_back(&avx512_row_kernels);
#endif
  for (const auto* kernel : here) {
    rows.push_back({{"kernel", fmt::format("cpu_{}_quantize_rows", kernel->name)},
                    {"work", "activations to int8, int32 sums to bf16, f16, f32"},
                    {"runs_here", kernel == &row_kernels() ? "yes, chosen" : "yes"}});
  }
  return rows;
}

}  // namespace

void add_list(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("list", "What there is: models, layers, providers, engines, devices, kernels");
  struct Arguments {
    std::string what;
    std::vector<std::string> models{"all"};
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("WHAT", arguments->what, "models, layers, providers, engines, devices or kernels")->required();
  command->add_option("--models", arguments->models, "For layers: of which models")->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const std::string& what = arguments->what;
    Json rows;
    if (what == "models") {
      rows = models();
    } else if (what == "layers") {
      rows = layers(arguments->models);
    } else if (what == "providers") {
      rows = providers();
    } else if (what == "engines") {
      rows = engines();
    } else if (what == "devices") {
      rows = devices();
    } else if (what == "kernels") {
      rows = kernels();
    } else {
      throw InvalidInput(fmt::format("nothing to list as '{}': use {}", what.substr(0, 64), join_or(subjects)));
    }
    print_rows(rows, arguments->json);
    exit_code = success;
  });
}

}  // namespace qgemm::cli
