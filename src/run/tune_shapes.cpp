#include "run/tune_shapes.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "core/nearest.hpp"
#include "plan/plan.hpp"
#include "qgemm/error.hpp"
#include "qgemm/scheme.hpp"
#include "run/gpu_ordinal.hpp"
#include "tuning/tuning_places.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

struct Product {
  DType input = DType::s8;
  Shape shape;
};

DType type_of(const std::string& word) {
  if (word == "int8") return DType::s8;
  if (word == "fp8") return DType::e4m3;
  throw InvalidInput("--types has '" + word.substr(0, 64) + "': use int8 or fp8");
}

bool wants(const TuneOptions& options, const char* type) {
  return options.types.empty() || std::find(options.types.begin(), options.types.end(), type) != options.types.end();
}

/// The sweep of the same shapes. FP8 has no bound of K; what int8's is, `check_k` says in tuning's own words.
SweepOptions sweep_of(const TuneOptions& options) {
  SweepOptions sweep;
  sweep.models = options.models;
  sweep.tp_sizes = options.tp_sizes;
  sweep.layers = options.layers;
  sweep.batch_sizes = options.batch_sizes;
  sweep.shapes = options.shapes;
  sweep.providers = {"fp8-channel-w-token-a-noquant"};
  return sweep;
}

void check_k(const Shape& shape) {
  const std::int64_t bound = max_k(parse_provider("int8-channel-w-token-a"));
  if (shape.k <= bound) return;
  throw InvalidInput("K=" + std::to_string(shape.k) + " of " + to_string(shape) + " is past " + std::to_string(bound) +
                     ", the largest K whose int32 sums cannot overflow: split K, or tune with --types fp8");
}

std::vector<DType> types_to_tune(const TuneOptions& options, const TuneTarget& target) {
  if (target.types.empty()) {
    throw Unavailable("this build has no INT8 or FP8 kernels for " + target.gpu +
                      ": build with QGEMM_CUDA_ARCHS for it");
  }
  if (options.types.empty()) return target.types;
  std::vector<DType> types;
  for (const auto& word : options.types) {
    const DType type = type_of(word);
    if (std::find(target.types.begin(), target.types.end(), type) == target.types.end()) {
      throw Unavailable("this build has no " + word + " kernels for " + target.gpu + ": leave it out of --types");
    }
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  return types;
}

/// Where the table goes, with its folder made: what cannot be written is found before anything is measured.
fs::path file_to_write(const TuneOptions& options, const std::string& gpu) {
  fs::path file = options.out.empty() ? user_tuning_file(gpu) : options.out;
  if (file.empty()) {
    throw Unavailable("neither QGEMM_CACHE_DIR nor HOME says where to keep the table: set one, or give --out FILE");
  }
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) {
    throw Unavailable("cannot make the folder " + file.parent_path().string() + ": " + error.message() +
                      "; give another file with --out");
  }
  return file;
}

TuningTable table_in(const fs::path& file, const std::string& gpu) {
  std::error_code error;
  return fs::exists(file, error) ? TuningTable::load(file, gpu, {}) : TuningTable(gpu);
}

/// What the tables name for a product, hot and cold.
struct Known {
  std::optional<TunedChoice> hot, cold;
};

Known known_in(const TuningTable& table, const Product& product) {
  return {table.find(product.input, product.shape, CacheState::hot),
          table.find(product.input, product.shape, CacheState::cold)};
}

/// Reads the file again first: another `qgemm tune`, on a second GPU of the name, say, may have added to it.
void record(const fs::path& file, const std::string& gpu, const Product& product, const Known& chosen) {
  TuningTable table = table_in(file, gpu);
  if (chosen.hot) table.add(product.input, product.shape, CacheState::hot, *chosen.hot);
  if (chosen.cold) table.add(product.input, product.shape, CacheState::cold, *chosen.cold);
  table.save(file);
}

/// The fastest of `choices`, which are not empty. What the tables named stays unless something is clearly faster: two
/// measurements of equals differ as much.
TunedChoice choose(const std::vector<TunedChoice>& choices, const std::optional<TunedChoice>& before,
                   TunedKernel& told) {
  constexpr double clearly = 1.01;
  TunedChoice best = choices.front();
  for (const auto& choice : choices) {
    if (!before || !choice.runs_as(*before)) continue;
    told.before_us = choice.us;
    if (choice.us < clearly * best.us) best = choice;
  }
  told.kernel = best.text();
  told.us = best.us;
  return best;
}

/// Measures a product; what cannot be measured is a message and chooses nothing. `before`: what the tables named for
/// it.
std::pair<TunedShape, Known> measure(const Product& product, const TuneTarget& target, const Known& before) {
  TunedShape out;
  out.input = product.input;
  out.shape = product.shape;
  RankedKernels ranked;
  try {
    ranked = target.measure(product.input, product.shape);
  } catch (const Unavailable& error) {
    out.message = error.what();
  } catch (const OutOfMemory& error) {
    out.message = error.what();
  }
  out.tried = static_cast<std::int64_t>(ranked.hot.size());
  if (ranked.hot.empty() || ranked.cold.empty()) {
    if (out.message.empty()) out.message = "this build has no kernel that takes it";
    return {out, {}};
  }
  Known chosen;
  chosen.hot = choose(ranked.hot, before.hot, out.hot);
  chosen.cold = choose(ranked.cold, before.cold, out.cold);
  return {out, chosen};
}

}  // namespace

void check(const TuneOptions& options) {
  check(sweep_of(options));
  for (const auto& word : options.types) type_of(word);
  if (options.device != "auto" && gpu_ordinal(options.device) < 0) {
    throw InvalidInput("--device is '" + options.device.substr(0, 64) +
                       "': use auto, cuda or cuda:N; there is nothing to tune on a CPU");
  }
}

std::vector<Shape> shapes_to_tune(const TuneOptions& options) {
  check(options);
  std::vector<Shape> shapes;
  for (const auto& point : plan_points(sweep_of(options), cuda_plan_device({}, true))) {
    if (wants(options, "int8")) check_k(point.shape);
    if (std::find(shapes.begin(), shapes.end(), point.shape) == shapes.end()) shapes.push_back(point.shape);
  }
  return shapes;
}

TuneSummary tune_shapes(const TuneOptions& options, const std::vector<Shape>& shapes, const TuneTarget& target,
                        TuneObserver* observer, const std::atomic<bool>* stop) {
  TuneSummary summary;
  summary.gpu = target.gpu;
  const auto types = types_to_tune(options, target);
  summary.file = file_to_write(options, target.gpu);
  const TuningTable already = table_in(summary.file, target.gpu);
  const TuningTable known = load_tuning(target.gpu);  // what a sweep would use now, whatever file is written

  std::vector<Product> products;
  for (const Shape& shape : shapes) {
    for (const DType type : types) {
      const auto [hot, cold] = known_in(already, {type, shape});
      // A kernel of another version is no choice: a sweep would not find it.
      const auto usable = [&](const auto& choice) { return choice && target.has_kernel(choice->kernel); };
      const bool skip = !options.again && usable(hot) && usable(cold);
      if (skip) ++summary.skipped;
      if (!skip) products.push_back({type, shape});
    }
  }
  const auto to_measure = static_cast<std::int64_t>(products.size());
  if (observer != nullptr) observer->started(summary, to_measure);
  for (const Product& product : products) {
    if (stop != nullptr && stop->load()) break;
    auto [shape, chosen] = measure(product, target, known_in(known, product));
    if (shape.message.empty()) record(summary.file, target.gpu, product, chosen);
    summary.shapes.push_back(std::move(shape));
    if (observer != nullptr) {
      observer->finished(summary.shapes.back(), static_cast<std::int64_t>(summary.shapes.size()), to_measure);
    }
  }
  summary.left = to_measure - static_cast<std::int64_t>(summary.shapes.size());
  return summary;
}

}  // namespace qgemm
