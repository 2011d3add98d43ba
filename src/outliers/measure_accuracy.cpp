#include <chrono>

#include "outliers/layer_accuracy.hpp"
#include "outliers/planned_layers.hpp"
#include "qgemm/accuracy.hpp"
#include "qgemm/version.hpp"

namespace qgemm {
namespace {

/// What a layer takes, up to a factor: all its products are tokens × sampled channels × K, and W is read once.
double work_of(const Layer& share, const AccuracyOptions& options) {
  const auto products = static_cast<double>(options.tokens * options.channels) * static_cast<double>(share.k);
  return products + 4 * static_cast<double>(share.n) * static_cast<double>(share.k);
}

}  // namespace

AccuracyReport measure_accuracy(const AccuracyOptions& options, AccuracyObserver* observer,
                                const std::atomic<bool>* stop) {
  const AccuracyPlan plan = plan_accuracy(options);
  AccuracyReport report;
  report.qgemm_version = std::string(version());
  report.git_revision = std::string(git_revision());
  const std::string data = options.data == "zeros" ? "zeros" : "random";
  report.weights = plan.weights ? options.weights.string() : data == "zeros" ? data : "random, N(0,1)";
  report.activations = plan.activations  ? options.activations.string()
                       : data == "zeros" ? data
                                         : "random, " + options.data;
  report.seed = options.seed;
  report.alphas = plan.alphas;
  report.providers = plan.providers;
  report.notes = plan.notes;
  report.planned = static_cast<std::int64_t>(plan.layers.size());

  double all = 0, done = 0;
  for (const auto& planned : plan.layers) all += work_of(planned.share, options);
  const auto started = std::chrono::steady_clock::now();
  for (const auto& planned : plan.layers) {
    if (stop != nullptr && stop->load()) break;
    auto layer = measure_layer(plan, planned, options, stop);
    if (!layer) break;
    report.layers.push_back(std::move(*layer));
    done += work_of(planned.share, options);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    if (observer != nullptr) {
      observer->progress(report.layers.back(), static_cast<std::int64_t>(report.layers.size()), report.planned,
                         seconds.count() * (all - done) / done);
    }
  }
  return report;
}

}  // namespace qgemm
