// The `cublaslt` engine's bf16 product beside cuBLAS called as torch.nn.functional.linear calls it without a bias
// (cublasGemmEx, float32 sums, 32 MiB of workspace), in turn: what the engine's own way to the library costs or gains.
// Goal: a geometric mean within 2 %, each point within 5 %.
//
// bench_cublas_yardstick [hot|cold]
#include <cublas_v2.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "cuda/shared_library.hpp"
#include "engine/cuda/device_operands.hpp"
#include "engines/cublaslt/cublaslt_engine.hpp"
#include "operands/cuda/device_operands.hpp"
#include "timing/cuda/graph_timer.hpp"
#include "timing/statistics.hpp"

namespace {

using namespace qgemm;

/// The header overloads the name; this is the one of today.
using GemmEx = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                              const void*, cudaDataType, int, const void*, cudaDataType, int, const void*, void*,
                              cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);

/// cuBLAS, opened at run time as the program opens its libraries.
class Cublas {
 public:
  explicit Cublas(cudaStream_t stream) : workspace_(std::size_t{32} << 20U) {
    for (const char* name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
      if (!library_) library_ = cuda::SharedLibrary(name);
    }
    if (!library_) throw std::runtime_error("cuBLAS was not found: " + library_.error());
    decltype(cublasCreate_v2)* create = nullptr;
    decltype(cublasSetStream_v2)* set_stream = nullptr;
    decltype(cublasSetWorkspace_v2)* set_workspace = nullptr;
    const bool found = library_.find("cublasCreate_v2", create) && library_.find("cublasSetStream_v2", set_stream) &&
                       library_.find("cublasSetWorkspace_v2", set_workspace) && library_.find("cublasGemmEx", gemm_);
    if (!found) throw std::runtime_error("cuBLAS lacks a function that is needed here");
    check(create(&handle_));
    check(set_stream(handle_, stream));
    check(set_workspace(handle_, workspace_.data(), workspace_.size()));
    stream_setter_ = set_stream;
  }

  /// D = A·Wᵀ, all row-major bf16: column-major, Dᵀ = W·Aᵀ.
  void enqueue(const Shape& shape, const void* a, const void* w, void* d, cudaStream_t stream) const {
    check(stream_setter_(handle_, stream));
    const float one = 1, zero = 0;
    const int m = static_cast<int>(shape.m), n = static_cast<int>(shape.n), k = static_cast<int>(shape.k);
    check(gemm_(handle_, CUBLAS_OP_T, CUBLAS_OP_N, n, m, k, &one, w, CUDA_R_16BF, k, a, CUDA_R_16BF, k, &zero, d,
                CUDA_R_16BF, n, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  }

 private:
  static void check(cublasStatus_t status) {
    if (status != CUBLAS_STATUS_SUCCESS) throw std::runtime_error("cuBLAS failed with " + std::to_string(status));
  }

  cuda::SharedLibrary library_;
  cuda::DeviceBuffer workspace_;
  GemmEx* gemm_ = nullptr;
  decltype(cublasSetStream_v2)* stream_setter_ = nullptr;
  cublasHandle_t handle_ = nullptr;  // lives as long as the program
};

/// Medians of `rounds` samples of each, taken in turn.
std::vector<double> medians(const std::vector<cuda::GraphTimer*>& timers, int rounds, cudaStream_t stream) {
  std::vector<std::vector<double>> samples(timers.size());
  for (int round = -5; round < rounds; ++round) {  // the first five warm up
    for (std::size_t i = 0; i < timers.size(); ++i) {
      cuda::GraphTimer& timer = *timers[(i + static_cast<std::size_t>(round + 5)) % timers.size()];
      timer.enqueue(stream);
    }
    cuda::check(cudaStreamSynchronize(stream));
    for (std::size_t i = 0; i < timers.size(); ++i) {
      if (round >= 0) samples[i].push_back(timers[i]->call_us());
    }
  }
  std::vector<double> out;
  for (const auto& taken : samples) out.push_back(summarize(taken).median);
  return out;
}

void run(bool cold) {
  const auto devices = cuda::find_devices();
  if (devices.list.empty()) throw std::runtime_error(devices.reason);
  const cuda::Device& device = devices.list.front();
  cuda::use(device);
  const cuda::Stream stream;
  const Cublas cublas(stream.get());
  const auto engine = cublaslt::make_engine(device);
  std::printf("%s, bf16, %s\n     N      K      M    ours us theirs us   ratio\n", device.name.c_str(),
              cold ? "cold" : "hot");
  double log_sum = 0, worst = 0;
  int points = 0;
  for (const auto& [n, k] : {std::pair{6144, 4096}, {4096, 4096}, {28672, 4096}, {4096, 14336}}) {
    const auto weights = std::make_shared<cuda::DeviceWeights>(
        cuda::random_weights(n, k, DataKind::normal, 1, stream.get()), ScaleSource::absmax, stream.get());
    for (const int m : {1, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}) {
      const GemmSpec spec{{m, n, k}, parse_provider("bf16"), false};
      const int sets = cold ? static_cast<int>(2 * device.l2_bytes / engine->set_bytes(spec)) + 1 : 1;
      std::vector<cuda::DeviceMatrix> activations, outputs;
      cuda::DeviceOperands operands;
      operands.weights = weights;
      for (int set = 0; set < sets; ++set) {
        activations.push_back(cuda::random_activations(m, k, DataKind::normal, 2, stream.get()));
        outputs.emplace_back(DType::bf16, m, n);
        operands.activations.push_back(activations.back().view());
      }
      const auto ours = engine->prepare(spec, operands, stream.get());
      const cuda::EnqueueCall call_ours = [&](int set, cudaStream_t s) { ours->launch(set, s); };
      const cuda::EnqueueCall call_theirs = [&](int set, cudaStream_t s) {
        const auto i = static_cast<std::size_t>(set);
        const cuda::DeviceView w = weights->copy(weights->original().view(), set);
        cublas.enqueue(spec.shape, activations[i].data(), w.data, outputs[i].data(), s);
      };
      for (int set = 0; set < sets; ++set) call_theirs(set, stream.get());  // its copies are made outside of the graph
      stream.synchronize();
      const double us = cuda::eager_call_us(call_ours, sets, 5, stream.get());
      const int calls = std::max(1, static_cast<int>(std::min(1000.0 / us, 200.0)));
      cuda::GraphTimer timer_ours(call_ours, sets, calls, stream.get());
      cuda::GraphTimer timer_theirs(call_theirs, sets, calls, stream.get());
      const auto found = medians({&timer_ours, &timer_theirs}, 60, stream.get());
      const double ratio = found[0] / found[1];
      log_sum += std::log(ratio);
      worst = std::max(worst, std::max(ratio, 1 / ratio));
      ++points;
      std::printf("%6d %6d %6d %10.2f %9.2f %7.3f  %s\n", n, k, m, found[0], found[1], ratio, ours->kernel().c_str());
    }
  }
  std::printf("\n%d points: geometric mean of ours/theirs %.4f, farthest from 1: %.3f\n", points,
              std::exp(log_sum / points), worst);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string cache = argc > 1 ? argv[1] : "hot";
  if (argc > 2 || (cache != "hot" && cache != "cold")) {
    std::fprintf(stderr, "usage: bench_cublas_yardstick [hot|cold]\n");
    return 2;
  }
  try {
    run(cache == "cold");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_cublas_yardstick: %s\n", error.what());
    return 1;
  }
}
