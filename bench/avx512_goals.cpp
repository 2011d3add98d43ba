// The avx512 engine's goals on a CPU, weights cold, all contenders of a point in turn in one run.
//
//   bench_avx512_goals onednn   avx512 against oneDNN's u8 × s8 (the onednn engine): at least as fast at every point,
//   and
//                               1.15 × as fast in the geometric mean of M ≤ 64.
//   bench_avx512_goals float    dynamic per-token int8 against the better of bf16 and f32: 4 × as fast at M ≥ 64.
//
//   --models NAME…        of `qgemm list models`, or parts of names; all
//   --shapes NxK…         these layers in place of the models'
//   --batch-sizes M…      1 16 64 128 256 512 1024, float from 64 on
//   --provider NAME       of goal onednn: int8-channel-w-token-a-noquant
//   --seconds S           for each point, at least; 0.3
//   --rounds R            for each point, at least; 5
//
// Layers that models share are measured once. `ratio` is the median over rounds of their time ÷ ours, above 1: ours is
// faster. `limit` is the time by the peaks measured in this run (the best windows of all points so far): the larger of
// arithmetic and reading the packed weights from memory; `reach` is theirs ÷ limit: the ratio that cannot be passed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/case.hpp"
#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "engines/engine_list.hpp"
#include "interleaved.hpp"
#include "limits/measure.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/weights.hpp"
#include "testbed/planned_row.hpp"

namespace {

using namespace qgemm;

struct Options {
  std::string goal, provider = "int8-channel-w-token-a-noquant";
  std::vector<std::string> models, shapes;
  std::vector<std::int64_t> batch_sizes;
  double seconds = 0.3;
  int rounds = 5;
};

Options parse(int argc, char** argv) {
  Options options;
  std::string flag;
  if (argc > 1) options.goal = argv[1];
  if (options.goal != "onednn" && options.goal != "float") throw InvalidInput("name a goal: onednn or float");
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    if (text.starts_with("--")) {
      flag = text;
    } else if (flag == "--models") {
      options.models.push_back(text);
    } else if (flag == "--shapes") {
      options.shapes.push_back(text);
    } else if (flag == "--batch-sizes") {
      options.batch_sizes.push_back(std::atoll(text.c_str()));
    } else if (flag == "--provider") {
      options.provider = text;
    } else if (flag == "--seconds") {
      options.seconds = std::atof(text.c_str());
    } else if (flag == "--rounds") {
      options.rounds = std::atoi(text.c_str());
    } else {
      throw InvalidInput("'" + text + "' is no option: see the head of bench/avx512_goals.cpp");
    }
  }
  if (options.models.empty()) options.models = {"all"};
  if (options.batch_sizes.empty()) options.batch_sizes = {1, 16, 64, 128, 256, 512, 1024};
  if (options.goal == "float") std::erase_if(options.batch_sizes, [](std::int64_t m) { return m < 64; });
  return options;
}

/// N and K of the layers to measure, each once, smallest first.
std::vector<std::pair<std::int64_t, std::int64_t>> layers_of(const Options& options) {
  std::set<std::pair<std::int64_t, std::int64_t>> sizes;
  for (const auto& text : options.shapes) {
    const Shape shape = parse_shape("1x" + text);
    sizes.emplace(shape.n, shape.k);
  }
  if (options.shapes.empty()) {
    for (const auto& model : select_models(load_models(models_folder()), options.models)) {
      for (const auto& layer : model.layers) sizes.emplace(layer.n, layer.k);
    }
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> list(sizes.begin(), sizes.end());
  std::stable_sort(list.begin(), list.end(), [](auto a, auto b) { return a.first * a.second < b.first * b.second; });
  return list;
}

/// Any int8 values with scales of the usual size: what is timed does not depend on them, and no float original takes
/// memory.
QuantizedWeights int8_weights(std::int64_t n, std::int64_t k) {
  QuantizedWeights w{.values = Matrix(DType::s8, n, k), .scales = {}, .colsum = {}};
  w.scales.assign(static_cast<std::size_t>(n), 0.01F);
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < n; ++row) {
    std::uint64_t state = static_cast<std::uint64_t>(row) * 0x9e3779b97f4a7c15U + 1;
    for (std::int64_t i = 0; i < k; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      w.values.row<std::int8_t>(row)[i] = static_cast<std::int8_t>(static_cast<int>(state >> 57U) - 64);
    }
  }
  w.colsum = column_sums(w.values.view());
  return w;
}

/// Peaks of this machine, better known with every point.
class Limits {
 public:
  explicit Limits(int threads) : bench_(threads, cpu_features(), choose_stream_sizes(team_cpus())) {}
  void measure(int rounds) {
    for (int i = 0; i < rounds; ++i) bench_.run_round(2e-3);
  }
  /// Operations or bytes a second.
  double peak(const std::string& name) const {
    double best = 0;
    for (const auto& contender : bench_.contenders()) {
      if (contender.limit == name) best = std::max(best, contender.best / contender.scale);
    }
    return best;
  }

 private:
  LimitBench bench_;
};

const HostEngine& engine_named(const std::vector<std::unique_ptr<HostEngine>>& engines, const std::string& name) {
  for (const auto& engine : engines) {
    if (engine->name() == name) return *engine;
  }
  throw Unavailable("this build has no engine " + name);
}

/// One prepared product and the copy of its weights that is next.
struct Contender {
  Contender(const HostEngine& engine, const GemmSpec& spec, const std::shared_ptr<const LayerWeights>& weights,
            const ConstMatrixView& a)
      : operands(std::make_unique<Operands>()) {
    operands->weights = weights;
    operands->activations = a;
    operands->weight_sets = operand_sets(CacheState::cold, engine.set_bytes(spec), total_last_level_bytes(),
                                         default_cold_factor(DeviceKind::cpu));
    if (needs_static_scale(spec.scheme)) operands->static_scale = calibrate(spec.scheme, a, ScaleSource::absmax);
    gemm = engine.prepare(spec, *operands);
  }
  void launch() { gemm->launch(set = (set + 1) % operands->weight_sets); }

  std::unique_ptr<Operands> operands;
  std::unique_ptr<PreparedGemm> gemm;
  int set = 0;
};

bench::Interleaved measure(std::vector<Contender>& contenders, const Options& options) {
  std::vector<std::function<void()>> calls;
  for (auto& contender : contenders) calls.emplace_back([&contender] { contender.launch(); });
  return bench::interleave(calls, options.seconds, options.rounds);
}

double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return values.empty() ? 0 : std::exp(sum / static_cast<double>(values.size()));
}

struct Summary {
  std::map<std::int64_t, std::vector<double>> ratios, reaches;  ///< By M.

  void print(const char* what) const {
    std::printf("\n%-6s %8s %10s %10s %12s\n", "M", "points", what, "worst", "mean reach");
    std::vector<double> small, small_reach, large;
    for (const auto& [m, values] : ratios) {
      const auto& reach = reaches.at(m);
      std::printf("%-6lld %8zu %10.3f %10.3f %12.3f\n", static_cast<long long>(m), values.size(),
                  geometric_mean(values), *std::min_element(values.begin(), values.end()), geometric_mean(reach));
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (m <= 64) small.push_back(values[i]), small_reach.push_back(reach[i]);
        if (m >= 64) large.push_back(values[i]);
      }
    }
    if (!small.empty()) {
      std::printf("M <= 64: geometric mean %.3f (reach %.3f)\n", geometric_mean(small), geometric_mean(small_reach));
    }
    if (!large.empty()) std::printf("M >= 64: geometric mean %.3f\n", geometric_mean(large));
  }
};

double limit_us(const Limits& limits, const Shape& shape) {
  const double bytes = static_cast<double>(shape.n) * static_cast<double>(shape.k);
  return 1e6 * std::max(shape.flops() / limits.peak("int8"), bytes / limits.peak("memory_read"));
}

void against_onednn(const Options& options, const std::vector<std::unique_ptr<HostEngine>>& engines, Limits& limits) {
  std::printf("%-20s %12s %12s %7s %12s %7s %7s %9s\n", "MxNxK", "avx512 us", "onednn us", "ratio", "limit us", "share",
              "reach", "GOP/s");
  Summary summary;
  for (const auto& [n, k] : layers_of(options)) {
    const auto weights = std::make_shared<const LayerWeights>(int8_weights(n, k));
    for (const std::int64_t m : options.batch_sizes) {
      const GemmSpec spec{{m, n, k}, parse_provider(options.provider), false};
      const Matrix a = random_activations(m, k, DataKind::normal, 1);
      std::vector<Contender> contenders;
      for (const char* name : {"avx512", "onednn"}) {
        contenders.emplace_back(engine_named(engines, name), spec, weights, a.view());
      }
      limits.measure(2);
      const bench::Interleaved times = measure(contenders, options);
      const double limit = limit_us(limits, spec.shape), ratio = times.ratio(1, 0), reach = times.us(1) / limit;
      summary.ratios[m].push_back(ratio);
      summary.reaches[m].push_back(reach);
      std::printf("%-20s %12.1f %12.1f %7.3f %12.1f %6.0f%% %7.3f %9.0f\n", to_string(spec.shape).c_str(), times.us(0),
                  times.us(1), ratio, limit, 100 * limit / times.us(0), reach, spec.shape.flops() / times.us(0) * 1e-3);
      std::fflush(stdout);
    }
  }
  summary.print("ratio");
}

void against_float(const Options& options, const std::vector<std::unique_ptr<HostEngine>>& engines, Limits& limits) {
  std::printf("%-20s %12s %12s %12s %7s %7s\n", "MxNxK", "avx512 us", "bf16 us", "f32 us", "ratio", "reach");
  Summary summary;
  for (const auto& [n, k] : layers_of(options)) {
    constexpr std::int64_t bytes_a_weight = 11;  // bf16 original, bf16, f32, int8 plain and packed
    if (n * k * bytes_a_weight > available_memory_bytes() / 10 * 9) {
      std::printf("%lldx%lld: left out, not enough memory for its f32 form\n", static_cast<long long>(n),
                  static_cast<long long>(k));
      continue;
    }
    const auto weights =
        std::make_shared<const LayerWeights>(random_weights(n, k, DataKind::normal, 2), ScaleSource::absmax);
    for (const std::int64_t m : options.batch_sizes) {
      const Matrix a = random_activations(m, k, DataKind::normal, 1);
      Matrix a_f32(DType::f32, m, k);
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < k; ++c) a_f32.row<float>(r)[c] = element(a.view(), r, c);
      }
      const Shape shape{m, n, k};
      std::vector<Contender> contenders;
      contenders.emplace_back(engine_named(engines, "avx512"),
                              GemmSpec{shape, parse_provider("int8-channel-w-token-a"), false}, weights, a.view());
      contenders.emplace_back(engine_named(engines, "onednn"), GemmSpec{shape, parse_provider("bf16"), false}, weights,
                              a.view());
      contenders.emplace_back(engine_named(engines, "onednn"), GemmSpec{shape, parse_provider("f32"), false}, weights,
                              std::as_const(a_f32).view());
      limits.measure(2);
      const bench::Interleaved times = measure(contenders, options);
      const double ratio = std::min(times.ratio(1, 0), times.ratio(2, 0));
      const double reach = std::min(times.us(1), times.us(2)) / limit_us(limits, shape);
      summary.ratios[m].push_back(ratio);
      summary.reaches[m].push_back(reach);
      std::printf("%-20s %12.1f %12.1f %12.1f %7.3f %7.3f\n", to_string(shape).c_str(), times.us(0), times.us(1),
                  times.us(2), ratio, reach);
      std::fflush(stdout);
    }
  }
  summary.print("ratio");
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = parse(argc, argv);
  const int threads = pin_thread_team(0);
  const auto engines = make_engines();
  Limits limits(threads);
  limits.measure(25);
  if (options.goal == "onednn") {
    against_onednn(options, engines, limits);
  } else {
    against_float(options, engines, limits);
  }
  std::printf("limits: int8 %.0f, bf16 %.0f, f32 %.0f GOP/s, memory read %.1f GB/s, %d threads\n",
              limits.peak("int8") * 1e-9, limits.peak("bf16") * 1e-9, limits.peak("f32") * 1e-9,
              limits.peak("memory_read") * 1e-9, threads);
  return 0;
} catch (const qgemm::Error& error) {
  std::fprintf(stderr, "bench_avx512_goals: %s\n", error.what());
  return 3;
}
