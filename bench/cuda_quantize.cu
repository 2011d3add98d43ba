// What quantization costs on the GPU, beside a copy of as many bytes and a kernel that reads each row twice, all in one
// run. `--tune` adds every number of 16-byte pieces a thread may hold. Goals on an H100, bf16 → s8 per token: K =
// 14336, M = 16384: ≥ 90 % of the copy; K = 4096: M = 1 ≤ 1.5 µs, M = 2048 ≤ 4.8 µs (in L2), M = 16384 ≤ 69 µs.
#include <cuda_bf16.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "cuda/device_buffer.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "interleaved.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/cuda/row_kernels.hpp"

namespace {

using namespace qgemm;

constexpr int replays = 20;

__global__ void fill_normal(__nv_bfloat16* x, std::int64_t count, unsigned seed) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    // The sum of four uniform numbers is near enough to normal for a speed.
    unsigned h = static_cast<unsigned>(i) * 2654435761U + seed;
    h = (h ^ (h >> 15U)) * 2246822519U, h = (h ^ (h >> 13U)) * 3266489917U, h ^= h >> 16U;
    const float sum = static_cast<float>((h & 255U) + ((h >> 8U) & 255U) + ((h >> 16U) & 255U) + (h >> 24U));
    x[i] = __float2bfloat16_rn((sum - 510.0F) / 148.0F);
  }
}

__global__ void copy_pieces(const uint4* from, uint4* to, std::int64_t count) {
  constexpr int each = 4;
  std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x * each + threadIdx.x;
  uint4 held[each];
#pragma unroll
  for (int j = 0; j < each; ++j) {
    if (i + j * blockDim.x < count) held[j] = __ldg(from + i + j * blockDim.x);
  }
#pragma unroll
  for (int j = 0; j < each; ++j) {
    if (i + j * blockDim.x < count) to[i + j * blockDim.x] = held[j];
  }
}

__device__ void unpack(const uint4& piece, float (&x)[8]) {
  const unsigned words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    x[2 * i] = __uint_as_float(words[i] << 16U);
    x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
  }
}

/// The yardstick: 256 threads a row, which they read twice, and a multiplication in place of the division.
__global__ void __launch_bounds__(256)
    quantize_in_two_passes(const __nv_bfloat16* x, std::int64_t k, std::int8_t* q, float* scales) {
  __shared__ float largest[8];
  const auto* row = reinterpret_cast<const uint4*>(x + blockIdx.x * k);
  auto* codes = reinterpret_cast<char4*>(q + blockIdx.x * k);
  float absmax = 0, values[8];
  for (std::int64_t i = threadIdx.x; i < k / 8; i += 256) {
    unpack(row[i], values);
    for (const float value : values) absmax = fmaxf(absmax, fabsf(value));
  }
  for (int lane = 16; lane > 0; lane /= 2) absmax = fmaxf(absmax, __shfl_xor_sync(0xffffffffU, absmax, lane));
  if (threadIdx.x % 32 == 0) largest[threadIdx.x / 32] = absmax;
  __syncthreads();
  for (const float other : largest) absmax = fmaxf(absmax, other);
  if (threadIdx.x == 0) scales[blockIdx.x] = absmax / 127.0F;
  const float inverse = absmax == 0.0F ? 0.0F : 127.0F / absmax;
  const auto code = [inverse](float value) {
    return static_cast<signed char>(min(127, max(-128, __float2int_rn(value * inverse))));
  };
  for (std::int64_t i = threadIdx.x; i < k / 8; i += 256) {
    unpack(row[i], values);
    codes[2 * i] = make_char4(code(values[0]), code(values[1]), code(values[2]), code(values[3]));
    codes[2 * i + 1] = make_char4(code(values[4]), code(values[5]), code(values[6]), code(values[7]));
  }
}

/// The operands of one shape, `sets` times: used in turn, they exceed the cache where there are several.
struct Batch {
  std::int64_t m, k;
  std::vector<cuda::DeviceMatrix> inputs;
};

struct Contender {
  std::string name;
  std::function<void(int set, cudaStream_t)> enqueue;
};

/// Contenders keep what they write in `rooms`, which lives as long.
struct Contenders {
  std::vector<Contender> list;
  std::vector<std::shared_ptr<void>> rooms;

  template <class T>
  T& keep(T value) {
    auto room = std::make_shared<T>(std::move(value));
    rooms.push_back(room);
    return *room;
  }
};

/// A call for each set, each into a room of its own.
void add_scheme(Contenders& to, const Batch& batch, const char* name, const char* provider, cudaStream_t stream,
                float scale = 0.03F) {
  const Scheme scheme = parse_provider(provider);
  auto& rooms = to.keep(std::vector<cuda::DeviceActivations>());
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    rooms.push_back(cuda::allocate_activations(
        scheme, batch.m, batch.k, StaticScale{scale, scheme.zero_point == ZeroPoint::none ? 0 : 5}, stream));
  }
  to.list.push_back({name, [scheme, &rooms, &batch](int set, cudaStream_t on) {
                       const auto i = static_cast<std::size_t>(set);
                       cuda::enqueue_quantize(scheme, batch.inputs[i].view(), rooms[i], on);
                     }});
}

void add_tuned(Contenders& to, const Batch& batch, const char* name, bool own, int pieces, cudaStream_t stream) {
  const Scheme scheme = parse_provider(own ? "int8-channel-w-token-a" : "int8-channel-w-tensor-a");
  auto& rooms = to.keep(std::vector<cuda::DeviceActivations>());
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    rooms.push_back(cuda::allocate_activations(scheme, batch.m, batch.k, StaticScale{0.03F, 0}, stream));
  }
  const auto arguments = [&rooms, &batch](std::size_t i) {
    cuda::RowArguments out;
    out.x = batch.inputs[i].data();
    out.rows = batch.m;
    out.k = out.x_stride = batch.k;
    out.q = static_cast<std::uint8_t*>(rooms[i].values.data());
    out.q_stride = rooms[i].values.stride();
    out.scales = rooms[i].scales.as<float>();
    out.bad_row = rooms[i].bad_row.as<std::uint32_t>();
    return out;
  };
  const auto shape = own ? cuda::shape_for_own_scale(arguments(0), DType::bf16, pieces)
                         : cuda::shape_for_given_scale(arguments(0), DType::bf16, pieces);
  if (shape.pieces != pieces) return;
  const std::string text = std::string(name) + " " + std::to_string(shape.threads) + "x" + std::to_string(pieces);
  to.list.push_back({text, [arguments, shape, own](int set, cudaStream_t on) {
                       const auto call = arguments(static_cast<std::size_t>(set));
                       if (own) {
                         cuda::enqueue_by_own_scale(cuda::Code::s8, call, DType::bf16, shape, on);
                       } else {
                         cuda::enqueue_by_given_scale(cuda::Code::s8, call, DType::bf16, shape, on);
                       }
                     }});
}

/// Copies that move as many bytes as quantization has to: half of 3·M·K read, half written.
void add_yardsticks(Contenders& to, const Batch& batch) {
  const std::int64_t half = batch.m * batch.k * 3 / 2 / 16 * 16;
  auto& rooms = to.keep(std::vector<cuda::DeviceBuffer>());
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) rooms.emplace_back(static_cast<std::size_t>(half));
  to.list.push_back({"copy", [half, &rooms, &batch](int set, cudaStream_t on) {
                       const auto i = static_cast<std::size_t>(set);
                       const std::int64_t count = half / 16;
                       const auto grid = static_cast<unsigned>((count + 1023) / 1024);
                       copy_pieces<<<grid, 256, 0, on>>>(static_cast<const uint4*>(batch.inputs[i].data()),
                                                         rooms[i].as<uint4>(), count);
                       cuda::check_launch();
                     }});
  to.list.push_back({"cudaMemcpy", [half, &rooms, &batch](int set, cudaStream_t on) {
                       const auto i = static_cast<std::size_t>(set);
                       cuda::check(cudaMemcpyAsync(rooms[i].data(), batch.inputs[i].data(),
                                                   static_cast<std::size_t>(half), cudaMemcpyDeviceToDevice, on));
                     }});
  auto& scales = to.keep(cuda::DeviceBuffer(static_cast<std::size_t>(batch.m) * sizeof(float)));
  to.list.push_back({"two passes", [&rooms, &scales, &batch](int set, cudaStream_t on) {
                       const auto i = static_cast<std::size_t>(set);
                       quantize_in_two_passes<<<static_cast<unsigned>(batch.m), 256, 0, on>>>(
                           static_cast<const __nv_bfloat16*>(batch.inputs[i].data()), batch.k,
                           rooms[i].as<std::int8_t>(), scales.as<float>());
                       cuda::check_launch();
                     }});
}

/// Microseconds a call of each contender: medians over replays taken in turn.
std::vector<double> measure(const Contenders& contenders, int sets, int calls, cudaStream_t stream) {
  std::vector<cuda::Graph> graphs;
  for (const auto& contender : contenders.list) {
    graphs.push_back(cuda::Graph::capture(stream, [&](cudaStream_t on) {
      for (int i = 0; i < calls; ++i) contender.enqueue(i % sets, on);
    }));
  }
  std::vector<std::vector<double>> samples(graphs.size());
  const cuda::Event before, after;
  for (int replay = -3; replay < replays; ++replay) {
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      before.record(stream);
      graphs[i].launch(stream);
      after.record(stream);
      after.synchronize();
      if (replay >= 0) samples[i].push_back(after.microseconds_since(before) / calls);
    }
  }
  std::vector<double> medians;
  for (auto& sample : samples) medians.push_back(bench::median(sample));
  return medians;
}

void run(std::int64_t m, std::int64_t k, bool cold, std::int64_t l2, bool tune, cudaStream_t stream) {
  const std::int64_t bytes = 3 * m * k;
  const int sets = cold ? static_cast<int>(2 * l2 / (2 * m * k) + 2) : 1;
  // The graphs' own launch has to be small beside them.
  const int calls =
      sets *
      ((static_cast<int>(std::clamp(400 / (static_cast<double>(bytes) / 2e6 + 1.5), 20.0, 200.0)) + sets - 1) / sets);
  Batch batch{m, k, {}};
  for (int i = 0; i < sets; ++i) {
    batch.inputs.emplace_back(DType::bf16, m, k);
    fill_normal<<<1024, 256, 0, stream>>>(static_cast<__nv_bfloat16*>(batch.inputs.back().data()), m * k,
                                          static_cast<unsigned>(i));
    cuda::check_launch();
  }
  Contenders contenders;
  add_yardsticks(contenders, batch);
  add_scheme(contenders, batch, "token s8", "int8-channel-w-token-a", stream);
  add_scheme(contenders, batch, "token s8 azp", "int8-channel-w-token-a-azp", stream);
  add_scheme(contenders, batch, "token e4m3", "fp8-channel-w-token-a", stream);
  add_scheme(contenders, batch, "static s8", "int8-channel-w-tensor-a", stream);
  add_scheme(contenders, batch, "static s8 clips", "int8-channel-w-tensor-a", stream, 0.01F);  // a fifth of all
  add_scheme(contenders, batch, "static s8 azp", "int8-channel-w-tensor-a-azp", stream);
  add_scheme(contenders, batch, "static e4m3", "fp8-channel-w-tensor-a", stream);
  add_scheme(contenders, batch, "dyntensor s8", "int8-channel-w-dyntensor-a", stream);
  add_scheme(contenders, batch, "dyntensor e4m3", "fp8-channel-w-dyntensor-a", stream);
  for (const int pieces : tune ? std::vector<int>{1, 2, 4, 8} : std::vector<int>{}) {
    add_tuned(contenders, batch, " token", true, pieces, stream);
    add_tuned(contenders, batch, " static", false, pieces, stream);
  }
  const auto us = measure(contenders, sets, calls, stream);
  const double copy = std::min(us[0], us[1]);
  for (std::size_t i = 0; i < us.size(); ++i) {
    std::printf("%6ld %6ld %-5s %-16s %9.2f %9.1f %8.1f%% %9.2f\n", static_cast<long>(k), static_cast<long>(m),
                cold ? "cold" : "hot", contenders.list[i].name.c_str(), us[i],
                static_cast<double>(bytes) / us[i] * 1e-3, 100 * copy / us[i], us[2] / us[i]);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const bool tune = argc > 1 && std::strcmp(argv[1], "--tune") == 0;
  try {
    const auto devices = cuda::find_devices();
    if (devices.list.empty()) {
      std::printf("%s\n", devices.reason.c_str());
      return 1;
    }
    const auto& device = devices.list.front();
    cuda::use(device);
    const cuda::Stream stream;
    std::printf("%s, L2 %ld MiB; bf16 in; GB/s and share of the faster copy by 3·M·K bytes\n", device.name.c_str(),
                static_cast<long>(device.l2_bytes >> 20));
    std::printf("%6s %6s %-5s %-16s %9s %9s %9s %9s\n", "K", "M", "cache", "what", "us", "GB/s", "of copy", "x 2-pass");
    for (const std::int64_t k : {4096, 14336}) {
      for (const std::int64_t m : {1, 16, 256, 2048, 16384}) {
        run(m, k, false, device.l2_bytes, tune, stream.get());
        // What fits into the cache is measured past it too, where that takes a sane number of copies.
        if (2 * m * k < 2 * device.l2_bytes && m >= 256) run(m, k, true, device.l2_bytes, tune, stream.get());
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
