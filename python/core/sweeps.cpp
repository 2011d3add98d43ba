// Sweeps and what is made of their results. Results travel as the text of results.json.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/host.hpp"
#include "externals.hpp"
#include "options.hpp"
#include "parts.hpp"
#include "qgemm/advise.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/compare.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"
#include "qgemm/limits.hpp"
#include "qgemm/report.hpp"
#include "qgemm/results.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/sweep.hpp"
#include "qgemm/version.hpp"

namespace qgemm::python {
namespace {

namespace nb = nanobind;

ResultSet parsed(const std::string& json) { return parse_results(json, "these results"); }

SweepOptions options_of(const nb::dict& given) {
  SweepOptions options;
  take(given, "models", options.models);
  take(given, "tp_sizes", options.tp_sizes);
  take(given, "weights", options.weights);
  take(given, "decoder_layer", options.decoder_layer);
  take(given, "rank", options.rank);
  take(given, "activations", options.activations);
  take(given, "layers", options.layers);
  take(given, "batch_sizes", options.batch_sizes);
  take(given, "lm_head", options.lm_head);
  take(given, "scan_m", options.scan_m);
  take(given, "providers", options.providers);
  take(given, "engines", options.engines);
  take(given, "external", options.external);
  take(given, "kernel", options.kernel);
  take(given, "device", options.device);
  take(given, "threads", options.threads);
  take(given, "cold_factor", options.cold_factor);
  take(given, "scales", options.scales);
  take(given, "data", options.data);
  take(given, "bias", options.bias);
  take(given, "quick", options.quick);
  take(given, "no_limits", options.no_limits);
  take(given, "max_time", options.max_time);
  take(given, "max_noise", options.max_noise);
  take(given, "min_samples", options.min_samples);
  take(given, "timer", options.timer);
  take(given, "max_memory", options.max_memory);
  take(given, "seed", options.seed);
  std::vector<std::string> shapes, caches;
  take(given, "shapes", shapes);
  take(given, "cache", caches);
  for (const auto& shape : shapes) options.shapes.push_back(parse_shape(shape));
  for (const auto& cache : caches) options.cache.push_back(parse_cache_state(cache));
  std::string output(name(options.output));
  take(given, "output", output);
  try {
    options.output = parse_dtype(output);
  } catch (const InvalidInput& error) {
    throw InvalidInput(std::string("output: ") + error.what());
  }
  return options;
}

class ToldRows final : public SweepObserver {
 public:
  explicit ToldRows(const Teller& teller) : teller_(teller) {}
  void progress(std::int64_t done, std::int64_t rows, double seconds_left) override {
    teller_.tell(done, rows, seconds_left);
  }

 private:
  const Teller& teller_;
};

/// The results' text, and whether Ctrl-C ended it. `externals`: what the option of that name names.
std::pair<std::string, bool> sweep(const nb::dict& given, const nb::object& progress, const std::string& command,
                                   const nb::list& externals) {
  const SweepOptions options = options_of(given);
  std::atomic<bool> stop = false;
  const Teller teller(progress, stop);
  ToldRows told(teller);
  SweepRun run;
  run.observer = &told;
  run.stop = &stop;
  run.command = command;
  for (const nb::handle external : externals) {
    run.externals.push_back(external_of(nb::borrow(external), &stop));
  }
  const nb::gil_scoped_release others_may_run;
  std::string text = to_json(run_sweep(options, run));
  return {std::move(text), stop.load()};
}

/// The whole command line, with externals found by `find(name)`. Returns the exit code.
int command_line(std::vector<std::string> arguments, const nb::object& find) {
  cli::Host host;
  host.arguments = std::move(arguments);
  host.find_external = [&find](const std::string& name) {
    const nb::gil_scoped_acquire with_python;
    try {
      return external_of(find(name), nullptr);
    } catch (const nb::python_error& error) {
      rethrow(error, true);
    }
  };
  const nb::gil_scoped_release others_may_run;
  return cli::run_command_line(host);
}

std::vector<Model> catalogue() {
  try {
    return load_models(models_folder());
  } catch (const Unavailable&) {
    return {};  // nothing is said of whole models then
  }
}

std::string advice(const std::string& json, bool as_json) {
  const ResultSet results = parsed(json);
  const auto said = advise(results, catalogue());
  return as_json ? advice_to_json(said, results.context) : render_advice(said, results.context);
}

std::string comparison(const std::string& before, const std::string& after, double threshold,
                       const std::vector<std::string>& allow, const std::string& control, const std::string& format) {
  CompareOptions options;
  options.threshold_pct = threshold;
  options.allow = allow;
  options.control = control;
  const Comparison found = compare_results(parsed(before), parsed(after), options);
  if (format == "markdown") return render_comparison_markdown(found);
  return format == "json" ? comparison_to_json(found) : render_comparison(found);
}

}  // namespace

void add_sweeps(nb::module_& module) {
  module.def("version", [] { return std::string(version()); });
  module.def("run_sweep", &sweep, nb::arg("options"), nb::arg("progress").none(), nb::arg("command"),
             nb::arg("externals") = nb::list());
  module.def("command_line", &command_line, nb::arg("arguments"), nb::arg("find"));
  module.def("expand_providers",
             [](const std::vector<std::string>& patterns) { return expand_providers(patterns, {}); });
  module.def("load_results", [](const std::string& path) { return to_json(load_results(path)); });
  module.def("render_table", [](const std::string& json) { return render_table(parsed(json)); });
  module.def("render_summary", [](const std::string& json) { return render_summary(parsed(json)); });
  module.def("render_markdown", [](const std::string& json) { return render_markdown(parsed(json)); });
  module.def("render_html", [](const std::string& json) { return render_html(parsed(json)); });
  module.def("to_csv", [](const std::string& json) { return to_csv(parsed(json)); });
  module.def("write_plots", [](const std::string& json, const std::string& folder, const std::string& format) {
    std::vector<std::string> files;
    for (const auto& file : write_plots(parsed(json), folder, format == "svg" ? PlotFormat::svg : PlotFormat::png))
      files.push_back(file.string());
    return files;
  });
  module.def("advise", &advice, nb::arg("results"), nb::arg("as_json"));
  module.def("compare", &comparison, nb::arg("before"), nb::arg("after"), nb::arg("threshold"), nb::arg("allow"),
             nb::arg("control"), nb::arg("format"));
  module.def("list_models", [] {
    std::vector<std::string> names;
    for (const auto& model : load_models(models_folder())) names.push_back(model.name);
    return names;
  });
}

}  // namespace qgemm::python
