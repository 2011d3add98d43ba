// What quantization costs in accuracy. Reports travel as the text of their JSON.
#include "qgemm/accuracy.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <string>
#include <utility>

#include "options.hpp"
#include "parts.hpp"

namespace qgemm::python {
namespace {

namespace nb = nanobind;

AccuracyOptions options_of(const nb::dict& given) {
  AccuracyOptions options;
  std::string weights, activations;
  take(given, "weights", weights);
  take(given, "activations", activations);
  options.weights = weights;
  options.activations = activations;
  take(given, "models", options.models);
  take(given, "layers", options.layers);
  take(given, "decoder_layers", options.decoder_layers);
  take(given, "tp", options.tp);
  take(given, "rank", options.rank);
  take(given, "tokens", options.tokens);
  take(given, "calibration_tokens", options.calibration_tokens);
  take(given, "channels", options.channels);
  take(given, "providers", options.providers);
  take(given, "smooth", options.smooth);
  take(given, "data", options.data);
  take(given, "seed", options.seed);
  return options;
}

class ToldLayers final : public AccuracyObserver {
 public:
  explicit ToldLayers(const Teller& teller) : teller_(teller) {}
  void progress(const LayerAccuracy& /*layer*/, std::int64_t done, std::int64_t layers, double seconds_left) override {
    teller_.tell(done, layers, seconds_left);
  }

 private:
  const Teller& teller_;
};

/// The report's text, and whether Ctrl-C ended it.
std::pair<std::string, bool> measure(const nb::dict& given, const nb::object& progress, const std::string& date,
                                     const std::string& command) {
  const AccuracyOptions options = options_of(given);
  std::atomic<bool> stop = false;
  const Teller teller(progress, stop);
  ToldLayers told(teller);
  const nb::gil_scoped_release others_may_run;
  AccuracyReport report = measure_accuracy(options, &told, &stop);
  report.date = date;
  report.command = command;
  return {to_json(report), stop.load()};
}

AccuracyReport parsed(const std::string& json) { return parse_accuracy(json, "this report"); }

}  // namespace

void add_accuracy(nb::module_& module) {
  module.def("measure_accuracy", &measure, nb::arg("options"), nb::arg("progress").none(), nb::arg("date"),
             nb::arg("command"));
  module.def("load_accuracy", [](const std::string& path) {
    const auto report = load_accuracy(path);
    if (!report) throw InvalidInput(path + " holds no report of accuracy");
    return to_json(*report);
  });
  module.def("accuracy_table", [](const std::string& json) { return render_accuracy(parsed(json)); });
  module.def("accuracy_markdown", [](const std::string& json) { return render_accuracy_markdown(parsed(json)); });
  module.def("accuracy_csv", [](const std::string& json) { return to_csv(parsed(json)); });
  module.def("accuracy_advice", [](const std::string& json) {
    const AccuracyReport report = parsed(json);
    return render_advice(advise(report), report);
  });
}

}  // namespace qgemm::python
