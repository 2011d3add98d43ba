// Does it matter where the allocator puts a product's operands? The same products over several allocations of their
// weights, activations and results, each with different gaps before it, timed in turn at one clock; all of a shape at
// once, so that what moves the GPU moves every placement alike.
//
// Usage: bench_placement [PLACEMENTS] [ROUNDS] [MxNxK…]
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "engines/cuda_engine_list.hpp"
#include "interleaved.hpp"
#include "operands/cuda/device_operands.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "timing/cuda/graph_timer.hpp"
#include "timing/statistics.hpp"

namespace {

using namespace qgemm;

/// One product with operands of its own.
struct Placed {
  std::vector<cuda::DeviceBuffer> gaps;
  cuda::DeviceOperands operands;
  cuda::DeviceMatrix activations;
  std::unique_ptr<cuda::PreparedGemm> gemm;
  std::unique_ptr<cuda::GraphTimer> timer;
  std::vector<double> us;
};

class Placements {
 public:
  Placements(const cuda::Device& device, int count, int rounds)
      : engines_(cuda::make_engines(device)), count_(count), rounds_(rounds) {}

  void measure(const Shape& shape) {
    std::printf("%s\n", to_string(shape).c_str());
    for (const char* provider :
         {"bf16", "int8-channel-w-token-a", "int8-channel-w-token-a-noquant", "fp8-channel-w-token-a-noquant"}) {
      const GemmSpec spec{shape, parse_provider(provider), false};
      for (const auto& engine : engines_) {
        if (!engine->supports(spec).ok) continue;
        measure(*engine, spec, provider);
        break;
      }
    }
  }

 private:
  void measure(const cuda::CudaEngine& engine, const GemmSpec& spec, const char* provider) {
    std::vector<std::unique_ptr<Placed>> placed;
    for (int i = 0; i < count_; ++i) placed.push_back(place(engine, spec));
    for (auto& one : placed) one->timer->enqueue(stream_.get());
    stream_.synchronize();
    std::vector<Placed*> turn;
    for (auto& one : placed) turn.push_back(one.get());
    for (int round = 0; round < rounds_; ++round) {
      std::shuffle(turn.begin(), turn.end(), random_);
      for (Placed* one : turn) one->timer->enqueue(stream_.get());
      stream_.synchronize();
      for (Placed* one : turn) one->us.push_back(one->timer->call_us());
    }
    std::printf("  %-32s", provider);
    double least = 1e300, most = 0;
    for (auto& one : placed) {
      const Summary summary = summarize(one->us);
      std::printf(" %8.3f±%.2f%%", summary.median, summary.noise_pct);
      least = std::min(least, summary.median), most = std::max(most, summary.median);
    }
    std::printf("   apart %.2f %%  %s\n", 100 * (most / least - 1), placed.front()->gemm->kernel().c_str());
    std::fflush(stdout);
  }

  std::unique_ptr<Placed> place(const cuda::CudaEngine& engine, const GemmSpec& spec) {
    auto one = std::make_unique<Placed>();
    const auto gap = [&] {  // of 2 MiB pages, so that what follows lies on others
      one->gaps.emplace_back((std::size_t{1} + random_() % 16) << 21U);
      if (random_() % 2 == 0) one->gaps.emplace_back((std::size_t{1} + random_() % 1000) * 512);
    };
    const auto& [m, n, k] = spec.shape;
    gap();
    one->operands.weights = std::make_shared<cuda::DeviceWeights>(
        cuda::random_weights(n, k, DataKind::normal, 1, stream_.get()), ScaleSource::absmax, stream_.get());
    gap();
    one->activations = cuda::random_activations(m, k, DataKind::normal, 2, stream_.get());
    one->operands.activations = {one->activations.view()};
    if (needs_static_scale(spec.scheme)) {
      one->operands.static_scale =
          cuda::calibrate(spec.scheme, one->activations.view(), ScaleSource::absmax, stream_.get());
    }
    gap();
    one->gemm = engine.prepare(spec, one->operands, stream_.get());
    const cuda::EnqueueCall call = [gemm = one->gemm.get()](int set, cudaStream_t s) { gemm->launch(set, s); };
    const double us = cuda::eager_call_us(call, 1, 5, stream_.get());
    one->timer = std::make_unique<cuda::GraphTimer>(call, 1, std::max(1, std::min(200, static_cast<int>(500 / us))),
                                                    stream_.get());
    return one;
  }

  std::vector<std::unique_ptr<cuda::CudaEngine>> engines_;
  cuda::Stream stream_;
  int count_, rounds_;
  std::mt19937_64 random_{7};
};

}  // namespace

int main(int count, char** words) {
  try {
    const auto devices = cuda::find_devices();
    if (devices.list.empty()) {
      std::fprintf(stderr, "bench_placement: %s\n", devices.reason.c_str());
      return 3;
    }
    cuda::use(devices.list.front());
    Placements placements(devices.list.front(), count > 1 ? std::atoi(words[1]) : 6,
                          count > 2 ? std::atoi(words[2]) : 15);
    std::vector<Shape> shapes;
    for (int i = 3; i < count; ++i) shapes.push_back(parse_shape(words[i]));
    if (shapes.empty()) shapes = {{16, 4096, 4096}, {64, 6144, 4096}, {128, 6144, 4096}, {128, 4096, 4096}};
    for (const Shape& shape : shapes) placements.measure(shape);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_placement: %s\n", error.what());
    return 1;
  }
}
