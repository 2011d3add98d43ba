// What the onednn engine costs above oneDNN itself: engine time / time of the library's own u8 × s8 product, called
// directly in one parallel call with all the scales it can fuse. Both interleaved in one run, the median of the ratios
// of neighbours, weights cold (rotated over more than twice the last cache) and on huge pages on both sides. Below 1:
// the engine is faster.
//
//   bench_onednn_overhead [MxNxK…]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "engines/onednn/onednn_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace {

using namespace qgemm;
using Dims = dnnl::memory::dims;
using Type = dnnl::memory::data_type;

/// oneDNN called as its manual says: one parallel product, scales of W and A and the rounding to bf16 inside.
class RawProduct {
 public:
  RawProduct(const Shape& shape, const QuantizedActivations& a, const QuantizedWeights& w, int sets)
      : cpu_(dnnl::engine::kind::cpu, 0), stream_(cpu_), d_(DType::bf16, shape.m, shape.n) {
    const dnnl::memory::desc source(Dims{shape.m, shape.k}, Type::u8, Dims{shape.k, 1});
    const dnnl::memory::desc weights(Dims{shape.k, shape.n}, Type::s8, dnnl::memory::format_tag::any);
    const dnnl::memory::desc result(Dims{shape.m, shape.n}, Type::bf16, Dims{shape.n, 1});
    const int per_channel = w.scales.size() > 1 ? 2 : 0;
    for (const float scale : w.scales) scales_.push_back(scale * a.scales[0]);
    dnnl::primitive_attr attributes;
#if DNNL_VERSION_MAJOR >= 3
    attributes.set_zero_points_mask(DNNL_ARG_SRC, 0);
    attributes.set_scales_mask(DNNL_ARG_WEIGHTS, per_channel);
    const dnnl::matmul::primitive_desc description(cpu_, source, weights, result, attributes);
#else
    attributes.set_zero_points(DNNL_ARG_SRC, 0, {128});
    attributes.set_output_scales(per_channel, scales_);
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(source, weights, result), attributes, cpu_);
#endif
    name_ = description.impl_info_str();
    product_ = dnnl::matmul(description);
    dnnl::memory plain({Dims{shape.k, shape.n}, Type::s8, Dims{1, shape.k}}, cpu_, w.values.data());
    for (int set = 0; set < sets; ++set) {
      buffers_.emplace_back(description.weights_desc().get_size());
      dnnl::memory packed(description.weights_desc(), cpu_, buffers_.back().data());
      dnnl::reorder(plain, packed).execute(stream_, plain, packed);
      arguments_.push_back({{DNNL_ARG_SRC, dnnl::memory(source, cpu_, a.values.data())},
                            {DNNL_ARG_WEIGHTS, packed},
                            {DNNL_ARG_DST, dnnl::memory(result, cpu_, d_.data())}});
#if DNNL_VERSION_MAJOR >= 3
      const auto n = static_cast<dnnl::memory::dim>(scales_.size());
      arguments_.back().insert(
          {{DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, dnnl::memory({Dims{1}, Type::s32, Dims{1}}, cpu_, &shift_)},
           {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
            dnnl::memory({Dims{n}, Type::f32, Dims{1}}, cpu_, scales_.data())}});
#endif
    }
    stream_.wait();
  }

  void launch(int set) { product_.execute(stream_, arguments_[static_cast<std::size_t>(set)]); }
  const std::string& name() const { return name_; }

 private:
  dnnl::engine cpu_;
  dnnl::stream stream_;
  dnnl::matmul product_;
  std::string name_;
  std::vector<float> scales_;
  std::int32_t shift_ = 128;
  Matrix d_;
  std::vector<AlignedBuffer> buffers_;
  std::vector<std::unordered_map<int, dnnl::memory>> arguments_;
};

Matrix normal_matrix(std::int64_t rows, std::int64_t cols, std::uint32_t seed) {
  Matrix matrix(DType::bf16, rows, cols);
  std::minstd_rand random(seed);
  std::normal_distribution<float> normal;
  // One draw for 16 rows apart is enough for timing, and drawing 10⁸ values is not.
  std::vector<float> drawn(1 << 16U);
  for (float& value : drawn) value = normal(random);
  std::size_t next = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      matrix.row<BFloat16>(r)[c] = to_bfloat16(drawn[next]);
      next = (next + 1) % (drawn.size() - 1);
    }
  }
  return matrix;
}

double microseconds_of(const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void measure(const Shape& shape, const std::shared_ptr<const LayerWeights>& weights) {
  const std::int64_t past_cache = 2 * std::max<std::int64_t>(cache_sizes().last_level(), std::int64_t{32} << 20U);
  const int sets = static_cast<int>(past_cache / (shape.n * shape.k) + 2);
  const Matrix a = normal_matrix(shape.m, shape.k, 1);
  const auto engine = onednn::make_engine();
  for (const char* provider : {"int8-tensor-w-tensor-a-noquant", "int8-channel-w-token-a-noquant"}) {
    GemmSpec spec{.shape = shape, .scheme = parse_provider(provider)};
    Operands operands;
    operands.weights = weights;
    operands.activations = a.view();
    operands.weight_sets = sets;
    operands.static_scale = calibrate(spec.scheme, a.view(), ScaleSource::absmax);
    const auto prepared = engine->prepare(spec, operands);
    RawProduct raw(shape, *prepared->activations(), weights->quantized(spec.scheme.weight_scale), sets);
    std::vector<double> ours, theirs, ratios;
    constexpr double budget = 1.5e6;  // microseconds
    double spent = 0;
    for (int i = 0; i < 400 && (i < 8 || spent < budget); ++i) {
      const int set = i % sets;
      // Who goes first alternates: what runs second finds the activations in a cache.
      double engine_us = 0, raw_us = 0;
      if (i % 2 == 0) engine_us = microseconds_of([&] { prepared->launch(set); });
      raw_us = microseconds_of([&] { raw.launch(set); });
      if (i % 2 == 1) engine_us = microseconds_of([&] { prepared->launch(set); });
      spent += engine_us + raw_us;
      if (i < 2) continue;  // first calls fault pages in
      ours.push_back(engine_us);
      theirs.push_back(raw_us);
      ratios.push_back(engine_us / raw_us);
    }
    const double ours_us = median(ours), theirs_us = median(theirs);
    std::printf("%-16s %-31s engine %10.1f us  oneDNN %10.1f us  ratio %.3f  %5.0f GOP/s  (%s, %s)\n",
                to_string(shape).c_str(), provider, ours_us, theirs_us, median(ratios), shape.flops() / ours_us * 1e-3,
                prepared->kernel().c_str(), raw.name().c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  pin_thread_team(0);
  std::vector<Shape> shapes;
  for (int i = 1; i < argc; ++i) shapes.push_back(parse_shape(argv[i]));
  if (shapes.empty()) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{4096, 4096}, {28672, 4096}, {4096, 14336}}) {
      for (const std::int64_t m : {1, 16, 64, 256, 1024}) shapes.push_back({m, n, k});
    }
  }
  std::shared_ptr<const LayerWeights> weights;
  for (const Shape& shape : shapes) {
    if (!weights || weights->n() != shape.n || weights->k() != shape.k) {
      weights = std::make_shared<const LayerWeights>(normal_matrix(shape.n, shape.k, 2), ScaleSource::absmax);
    }
    measure(shape, weights);
  }
  return 0;
} catch (const qgemm::Error& error) {
  std::fprintf(stderr, "bench_onednn_overhead: %s\n", error.what());
  return 3;
}
