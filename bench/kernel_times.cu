// Every kernel that this GPU runs, timed at the shapes given: what a choice is made of, and what a new kernel has to
// beat. `bench_kernel_times --help` has the flags.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/device.hpp"
#include "cuda/gpu_watch.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "engines/cutlass/cost_model.hpp"
#include "engines/cutlass/kernel_choice.hpp"
#include "gpu_operands.cuh"
#include "interleaved.hpp"
#include "kernel_times_options.hpp"
#include "operands/cuda/device_operands.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/row_kernels.hpp"

namespace {

using namespace qgemm;

constexpr const char* product_alone = "product alone";

struct Entry {
  std::string name, way = product_alone;
  const kernels::ScaledGemmKernel* kernel = nullptr;
  std::unique_ptr<cutlass::KernelLaunches> launches;
  cuda::Graph graph;
  int calls = 1;
  std::vector<double> us;
  double clock = 0, power = 0;
};

/// Activations as they come, and what quantizing them needs besides the operand set that it writes.
struct Source {
  Source(int m, int k, std::uint64_t seed, cudaStream_t stream)
      : x(cuda::random_activations(m, k, DataKind::normal, seed, stream)), bad_row(sizeof(std::uint32_t)) {
    cuda::check(cudaMemsetAsync(bad_row.data(), 0xff, bad_row.size(), stream));
  }
  cuda::DeviceMatrix x;
  cuda::DeviceBuffer bad_row;
};

/// `source` into A of `set`.
void quantize(const Source& source, const bench::OperandSet& set, bool fp8, cudaStream_t stream) {
  const cuda::DeviceView x = source.x.view();
  cuda::RowArguments rows;
  rows.x = x.data;
  rows.rows = x.rows;
  rows.k = x.cols;
  rows.x_stride = x.stride;
  rows.q = set.a.as<std::uint8_t>();
  rows.q_stride = x.cols;
  rows.scales = set.scale_a.as<float>();
  rows.bad_row = source.bad_row.as<std::uint32_t>();
  const auto shape = cuda::shape_for_own_scale(rows, DType::bf16);
  cuda::enqueue_by_own_scale(fp8 ? cuda::Code::e4m3 : cuda::Code::s8, rows, DType::bf16, shape, stream);
}

cuda::ScaledOperands scaled(const bench::OperandSet& set, int m, int n, int k) {
  cuda::ScaledOperands out;
  out.m = m;
  out.n = n;
  out.k = k;
  out.a = set.a.data();
  out.w = set.w.data();
  out.scale_a = set.scale_a.as<float>();
  out.scale_w = set.scale_w.as<float>();
  out.scale_a_per_row = out.scale_w_per_channel = true;
  out.d = set.d.data();
  return out;
}

class KernelTimes {
 public:
  KernelTimes(const bench::KernelTimesOptions& options, const cuda::Device& device)
      : options_(options), device_(device), watch_(device.pci_bus_id) {}

  void measure(int m, int n, int k) {
    const std::int64_t set_bytes = std::int64_t{m} * k + std::int64_t{n} * k + std::int64_t{m} * n * 2;
    const int sets = options_.cold ? static_cast<int>(2 * device_.l2_bytes / set_bytes) + 2 : 1;
    std::vector<bench::OperandSet> operands;
    for (int set = 0; set < sets; ++set) operands.emplace_back(m, n, k, options_.fp8, static_cast<std::uint64_t>(set));
    std::vector<Source> sources;
    for (int set = 0; set < sets && options_.dynamic; ++set) {
      sources.emplace_back(m, k, static_cast<std::uint64_t>(set), stream_.get());
    }
    cuda::check(cudaDeviceSynchronize());
    std::vector<cuda::ScaledOperands> sets_of;
    for (const auto& set : operands) sets_of.push_back(scaled(set, m, n, k));
    for (std::size_t set = 0; set < sources.size(); ++set) {
      // All sets' codes go to the same place, as an engine's do.
      sets_of[set].a = sets_of[0].a;
      sets_of[set].scale_a = sets_of[0].scale_a;
      sets_of[set].unquantized = sources[set].x.view();
      sets_of[set].own_scales = true;
      sets_of[set].bad_row = sources[set].bad_row.as<std::uint32_t>();
    }
    const auto kernels = cutlass::candidates(device_, input(), DType::bf16, m);
    std::vector<Entry> entries;
    if (options_.dynamic) {
      for (const auto* kernel : cutlass::quantizing_candidates(device_, input(), DType::bf16, m)) {
        if (!wanted(kernel->traits().name)) continue;
        for (const auto& choice : as_asked({{kernel, 0, 1, {}, {}}}, {m, n, k})) add(entries, choice, sets_of);
      }
    }
    for (const auto& choice : as_asked(cutlass::choices(kernels, sets_of, device_.multiprocessors), {m, n, k})) {
      if (!wanted(choice.text())) continue;
      add(entries, choice, sets_of);
      if (!options_.dynamic) continue;
      for (const auto way : {cutlass::Quantizing::apart, cutlass::Quantizing::overlaps}) {
        if (way == cutlass::Quantizing::overlaps && !choice.kernel->traits().overlaps) continue;
        cutlass::KernelChoice call = choice;
        call.quantizing = way;
        add(entries, call, sets_of, [&](int set, cudaStream_t stream) {
          quantize(sources[static_cast<std::size_t>(set)], operands.front(), options_.fp8, stream);
        });
      }
    }

    // Each round in an order of its own: a kernel finds the clock that the power of those before it has left.
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 shuffler(static_cast<std::uint64_t>(m));
    for (int round = -1; round < options_.rounds; ++round) {
      std::shuffle(order.begin(), order.end(), shuffler);
      for (const std::size_t i : order) {
        Entry& entry = entries[i];
        const auto from = cuda::GpuLog::Clock::now();
        const double us = once(entry.graph) / entry.calls;
        if (round < 0) continue;
        entry.us.push_back(us);
        const auto seen = watch_.between(from, cuda::GpuLog::Clock::now());
        entry.clock = seen.sm_mhz.value_or(0);
        entry.power = seen.power_w.value_or(0);
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return bench::median(a.us) < bench::median(b.us); });
    const double limit = std::max(2.0 * m * n * k / 1940e6, static_cast<double>(set_bytes) / 3.03e6);
    std::printf("M=%d N=%d K=%d %s: %zu kernels, limit %.2f us\n", m, n, k, options_.cold ? "cold" : "hot",
                entries.size(), limit);
    int shown = 0;
    for (const auto& entry : entries) {
      const double us = bench::median(entry.us);
      if (shown++ < options_.top) {
        std::printf("  %9.2f us  %5.0f TOP/s  %.2f of limit  %4.0f MHz %3.0f W  %s\n", us, 2.0 * m * n * k / us / 1e6,
                    limit / us, entry.clock, entry.power, entry.name.c_str());
      }
    }
    if (!options_.csv.empty()) note(entries, m, n, k);
    if (options_.dynamic || options_.both_weights) print_ways(entries);
    if (!entries.empty() && !options_.dynamic) judge_model(entries, m, n, k);
    std::fflush(stdout);
  }

  void write_csv() const {
    std::ofstream file(options_.csv);
    file << "m,n,k,cache";
    for (const auto& kernel : columns_) file << ',' << kernel;
    file << '\n';
    for (const auto& [shape, times] : lines_) {
      file << shape << ',' << (options_.cold ? "cold" : "hot");
      for (const auto& kernel : columns_) {
        file << ',';
        if (const auto found = times.find(kernel); found != times.end()) file << found->second;
      }
      file << '\n';
    }
    if (!file.flush()) throw std::runtime_error("cannot write " + options_.csv);
  }

 private:
  DType input() const { return options_.fp8 ? DType::e4m3 : DType::s8; }

  /// Products alone. `entries`: sorted, so that a kernel's best order of tiles comes first.
  void note(const std::vector<Entry>& entries, int m, int n, int k) {
    auto& [shape, times] = lines_.emplace_back();
    shape = std::to_string(m) + ',' + std::to_string(n) + ',' + std::to_string(k);
    for (const auto& entry : entries) {
      if (!entry.way.starts_with(product_alone)) continue;
      const std::string& kernel = entry.kernel->traits().name;
      times.emplace(kernel, std::round(bench::median(entry.us) * 100) / 100);
      columns_.insert(kernel);
    }
  }

  bool wanted(const std::string& name) const {
    return options_.kernels.empty() ||
           std::any_of(options_.kernels.begin(), options_.kernels.end(),
                       [&](const std::string& text) { return name.find(text) != std::string::npos; });
  }

  /// With their weights streamed as the engine would, or each both ways.
  std::vector<cutlass::KernelChoice> as_asked(const std::vector<cutlass::KernelChoice>& choices,
                                              const Shape& shape) const {
    const CacheState cache = options_.cold ? CacheState::cold : CacheState::hot;
    if (!options_.both_weights) {
      return cutlass::with_streaming(choices, cutlass::streams_weights(device_, shape, cache));
    }
    auto out = cutlass::with_streaming(choices, false);
    for (const auto& choice : cutlass::with_streaming(choices, true)) {
      if (choice.streams) out.push_back(choice);
    }
    return out;
  }

  void add(std::vector<Entry>& entries, const cutlass::KernelChoice& choice,
           const std::vector<cuda::ScaledOperands>& operands, const cutlass::EnqueueQuantize& quantize = {}) {
    Entry entry;
    const bool beside = choice.quantizing == cutlass::Quantizing::overlaps;
    entry.name = (quantize && !beside ? "after quantizing " : "") + choice.text();
    if (quantize) {
      entry.way = beside ? "beside the quantization" : "after the quantization";
    } else if (choice.kernel->traits().quantizes()) {
      entry.way = "quantizing by itself";
    }
    if (options_.both_weights && choice.streams) entry.way += ", streaming";
    entry.kernel = choice.kernel;
    try {
      entry.launches = std::make_unique<cutlass::KernelLaunches>(choice, operands, quantize);
    } catch (const Unavailable&) {
      return;
    }
    const int sets = static_cast<int>(operands.size()), most = 4000;
    const auto capture = [&](int calls) {
      entry.calls = calls;
      entry.graph = cuda::Graph::capture(stream_.get(), [&](cudaStream_t stream) {
        for (int i = 0; i < calls; ++i) entry.launches->enqueue(i % sets, stream);
      });
    };
    capture(4);
    once(entry.graph);
    const double us = once(entry.graph) / 4;
    capture(std::clamp(static_cast<int>(options_.ms * 1000 / us / sets) * sets, std::min(2, sets), most));
    entries.push_back(std::move(entry));
  }

  /// The fastest call of each way to quantize, and of the fastest of these what it takes of the fastest product.
  /// `entries`: sorted.
  static void print_ways(const std::vector<Entry>& entries) {
    double product = 0, call = 0;
    std::vector<std::string> seen;
    for (const auto& entry : entries) {
      if (std::find(seen.begin(), seen.end(), entry.way) != seen.end()) continue;
      seen.push_back(entry.way);
      const double us = bench::median(entry.us);
      double& fastest = entry.way.starts_with(product_alone) ? product : call;
      if (fastest == 0) fastest = us;
      std::printf("  %-34s %9.2f us %s\n", entry.way.c_str(), us, entry.name.c_str());
    }
    if (product > 0 && call > 0) std::printf("  dynamic / product %.3f\n", call / product);
  }

  /// How far behind the fastest the model's first choice is, the best of those it would have tried, and the kernel that
  /// the reference takes.
  void judge_model(const std::vector<Entry>& entries, int m, int n, int k) const {
    // In the build's order, not the entries', which are sorted: the model must not be told by it what is fast where it
    // cannot tell kernels apart.
    auto kernels = cutlass::candidates(device_, input(), DType::bf16, m);
    std::erase_if(kernels, [&](const auto* kernel) {
      return std::none_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.kernel == kernel; });
    });
    const auto likely = cutlass::likely(kernels, device_, {m, n, k});
    const auto best = [&](const auto& among) {
      for (const auto& entry : entries) {  // sorted
        if (among(entry.kernel)) return bench::median(entry.us);
      }
      return 0.0;
    };
    const double all = best([](const auto*) { return true; });
    const double first = best([&](const auto* kernel) { return kernel == likely.front(); });
    const double tried =
        best([&](const auto* kernel) { return std::find(likely.begin(), likely.end(), kernel) != likely.end(); });
    std::printf("  model: first choice %.3f of the fastest (%s, %.2f us likely), best of %zu likely %.3f\n",
                first / all, likely.front()->traits().name.c_str(),
                cutlass::likely_us(likely.front()->traits(), device_, m, n, k), likely.size(), tried / all);
    if (const auto* theirs = cutlass::reference_kernel(device_, input(), DType::bf16, {m, n, k})) {
      const double us = best([&](const auto* kernel) { return kernel == theirs; });
      if (us > 0) std::printf("  reference: %.3f of the fastest (%s)\n", us / all, theirs->traits().name.c_str());
    }
  }

  double once(const cuda::Graph& graph) {
    begin_.record(stream_.get());
    graph.launch(stream_.get());
    end_.record(stream_.get());
    end_.synchronize();
    return end_.microseconds_since(begin_);
  }

  bench::KernelTimesOptions options_;
  cuda::Device device_;
  cuda::GpuWatch watch_;
  cuda::Stream stream_;
  cuda::Event begin_, end_;
  std::vector<std::pair<std::string, std::map<std::string, double>>> lines_;
  std::set<std::string> columns_;
};

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto asked = bench::parse_kernel_times(argc, argv, exit_code);
  if (!asked) return exit_code;
  const bench::KernelTimesOptions& options = *asked;
  try {
    const auto devices = cuda::find_devices();
    if (devices.list.empty()) throw std::runtime_error(devices.reason);
    cuda::use(devices.list.front());
    std::printf("%s, %s\n", devices.list.front().name.c_str(), options.fp8 ? "fp8" : "int8");
    KernelTimes times(options, devices.list.front());
    for (const auto& [n, k] : options.layers) {
      for (const int m : options.m) times.measure(m, n, k);
    }
    if (!options.csv.empty()) times.write_csv();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_kernel_times: %s\n", error.what());
    return 1;
  }
}
