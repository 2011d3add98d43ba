// What no kernel can be faster than on this GPU, and what large products are bound by:
//   launches: a kernel that does nothing, one after the other in a graph;
//   reads: a weight matrix read once by the copy engine, in boxes of 64 rows × 128 bytes, hot and cold;
//   power: kernels run for a second each: the clock that their power leaves, and how many of its cycles the tensor
//   cores multiply in.
//
// bench_gpu_floors
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/device.hpp"
#include "cuda/gpu_watch.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "gpu_operands.cuh"
#include "interleaved.hpp"
#include "kernels/wgmma/ptx.cuh"
#include "kernels/wgmma/tensor_map.hpp"
#include "limits/cuda/tensor_peak.hpp"

namespace {

using namespace qgemm;
namespace ptx = kernels::wgmma;
using Enqueue = std::function<void(int call, cudaStream_t stream)>;

constexpr int box_bytes = 64 * 128;

__global__ void do_nothing() {}

/// Each block reads its share of 64 rows through a ring of `stages` boxes.
__global__ void __launch_bounds__(32)
    read_boxes(const __grid_constant__ CUtensorMap map, int steps, int split, int stages, bool streams) {
  extern __shared__ __align__(1024) std::uint8_t shared[];
  const std::uint32_t base = ptx::shared_address(shared);
  const auto barrier = [&](int stage) { return base + static_cast<std::uint32_t>(stages * box_bytes + 8 * stage); };
  if (threadIdx.x != 0) return;
  for (int s = 0; s < stages; ++s) ptx::init_barrier(barrier(s), 1);
  ptx::publish_barriers();
  const int tile = static_cast<int>(blockIdx.x) / split, part = static_cast<int>(blockIdx.x) % split;
  const int first = steps * part / split, end = steps * (part + 1) / split;
  const std::uint64_t policy = ptx::l2_policy(streams);
  const auto load = [&](int step) {
    const int stage = (step - first) % stages;
    ptx::arrive_expecting(barrier(stage), box_bytes);
    ptx::load_box(base + static_cast<std::uint32_t>(stage * box_bytes), &map, step * 128, tile * 64, barrier(stage),
                  policy);
  };
  for (int step = first; step < min(first + stages, end); ++step) load(step);
  for (int step = first; step < end; ++step) {
    const int turn = step - first;
    ptx::wait_for(barrier(turn % stages), static_cast<std::uint32_t>(turn / stages % 2));
    if (step + stages < end) load(step + stages);
  }
}

/// Cycles and nanoseconds of multiprocessor 0.
__global__ void read_clocks(unsigned long long* out) {
  unsigned processor = 0;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(processor));
  if (processor != 0 || threadIdx.x != 0) return;
  unsigned long long now = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  out[0] = static_cast<unsigned long long>(clock64());
  out[1] = now;
}

class Floors {
 public:
  explicit Floors(const cuda::Device& device) : device_(device), watch_(device.pci_bus_id), clocks_(2 * 16) {}

  void launches() const {
    for (const int blocks : {device_.multiprocessors, 2 * device_.multiprocessors}) {
      std::printf("nothing, %3d blocks: %.2f us\n", blocks, time_us([&](int, cudaStream_t stream) {
                    do_nothing<<<static_cast<unsigned>(blocks), 384, 0, stream>>>();
                  }));
    }
  }

  void reads(int n, int k) const {
    const std::int64_t bytes = std::int64_t{n} * k;
    for (const bool cold : {false, true}) {
      const int sets = cold ? static_cast<int>(2 * device_.l2_bytes / bytes) + 2 : 1;
      const cuda::DeviceBuffer memory(static_cast<std::size_t>(bytes) * static_cast<std::size_t>(sets));
      cuda::check(cudaMemset(memory.data(), 1, memory.size()));
      std::vector<CUtensorMap> maps;
      for (int set = 0; set < sets; ++set) {
        maps.push_back(ptx::tensor_map({memory.as<std::uint8_t>() + bytes * set, n, k, k, 1, 64, 128}));
      }
      double best = 1e30;
      std::string how;
      for (const int split : {1, 2, 4, 8}) {
        for (const int stages : {6, 12, 24}) {
          const int shared = stages * (box_bytes + 8);
          cuda::check(cudaFuncSetAttribute(read_boxes, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
          for (const bool streams : {false, true}) {
            const double us = time_us([&](int call, cudaStream_t stream) {
              read_boxes<<<static_cast<unsigned>(n / 64 * split), 32, shared, stream>>>(
                  maps[static_cast<std::size_t>(call % sets)], k / 128, split, stages, streams);
            });
            if (us >= best) continue;
            best = us;
            how = "K in " + std::to_string(split) + ", " + std::to_string(stages) + " boxes in flight" +
                  (streams ? ", first to leave L2" : "");
          }
        }
      }
      std::printf("read W N=%d K=%d %s: %.2f us, %.2f TB/s (%s)\n", n, k, cold ? "cold" : "hot", best,
                  static_cast<double>(bytes) / best / 1e6, how.c_str());
    }
  }

  void power(const std::string& name, double operations, const Enqueue& enqueue) const {
    const double us = time_us(enqueue, 4);
    const int calls = std::max(1, static_cast<int>(20000 / us));
    const auto graph = capture(enqueue, calls);
    const int turns = static_cast<int>(0.5e6 / (us * calls)) + 1;
    for (int turn = 0; turn < turns; ++turn) graph.launch(stream_.get());  // until the clock is what is left
    unsigned long long before[2], after[2];
    clock_now(before);
    const auto from = cuda::GpuLog::Clock::now();
    begin_.record(stream_.get());
    for (int turn = 0; turn < turns; ++turn) graph.launch(stream_.get());
    end_.record(stream_.get());
    clock_now(after);
    const auto seen = watch_.between(from, cuda::GpuLog::Clock::now());
    const double each = end_.microseconds_since(begin_) / turns / calls;
    const double mhz = 1000 * static_cast<double>(after[0] - before[0]) / static_cast<double>(after[1] - before[1]);
    // 8-bit products: 4,096 multiply-adds a cycle and multiprocessor.
    const double cycles = operations / 8192 / device_.multiprocessors / mhz;
    std::printf("%-58s %9.2f us %6.0f TOP/s %5.0f MHz %.3f of cycles %4.0f W\n", name.c_str(), each,
                operations / each / 1e6, mhz, cycles / each, seen.power_w.value_or(0));
    std::fflush(stdout);
  }

  void power_of_kernels(int m, int n, int k, const std::vector<std::string>& names) const {
    const bench::OperandSet set(m, n, k, false, 3);
    cuda::check(cudaDeviceSynchronize());
    for (const auto& name : names) {
      auto arguments = set.arguments(m, n, k);
      arguments.raster = 1;
      arguments.swizzle = 8;
      const auto launch = kernels::find_kernel(name, DType::bf16).prepare(arguments, nullptr);
      power("M=" + std::to_string(m) + " N=" + std::to_string(n) + " K=" + std::to_string(k) + " " + name,
            2.0 * m * n * k, [&](int, cudaStream_t stream) { launch->enqueue(stream); });
    }
  }

 private:
  cuda::Graph capture(const Enqueue& enqueue, int calls) const {
    return cuda::Graph::capture(stream_.get(), [&](cudaStream_t stream) {
      for (int i = 0; i < calls; ++i) enqueue(i, stream);
    });
  }
  double time_us(const Enqueue& enqueue, int calls = 200) const {
    const auto graph = capture(enqueue, calls);
    std::vector<double> times;
    for (int round = 0; round < 8; ++round) {
      begin_.record(stream_.get());
      graph.launch(stream_.get());
      end_.record(stream_.get());
      end_.synchronize();
      if (round > 0) times.push_back(end_.microseconds_since(begin_) / calls);
    }
    return bench::median(times);
  }
  void clock_now(unsigned long long (&now)[2]) const {
    read_clocks<<<static_cast<unsigned>(2 * device_.multiprocessors), 32, 0, stream_.get()>>>(
        clocks_.as<unsigned long long>());
    cuda::check_launch();
    cuda::check(cudaMemcpyAsync(now, clocks_.data(), sizeof now, cudaMemcpyDeviceToHost, stream_.get()));
    stream_.synchronize();
  }

  cuda::Device device_;
  cuda::GpuWatch watch_;
  cuda::DeviceBuffer clocks_;
  cuda::Stream stream_;
  cuda::Event begin_, end_;
};

int run() {
  const auto devices = cuda::find_devices();
  if (devices.list.empty()) throw std::runtime_error(devices.reason);
  const cuda::Device& device = devices.list.front();
  if (device.capability() != 90) throw std::runtime_error("these floors are measured by Hopper's own instructions");
  cuda::use(device);
  std::printf("%s\n", device.name.c_str());
  const Floors floors(device);
  floors.launches();
  for (const auto& [n, k] : {std::pair{4096, 4096}, {6144, 4096}, {28672, 4096}, {4096, 14336}}) floors.reads(n, k);
  const auto peak = cuda::wgmma_peak(DType::s8, device);
  floors.power(peak.method, peak.work, [&](int, cudaStream_t stream) { peak.enqueue(stream); });
  const std::vector<std::string> names = {"sm90_s8_128x128x128_2x1_pingpong",
                                          "sm90_wgmma_s8_128x128_1x1_b2_pingpong",
                                          "sm90_wgmma_s8_128x192_1x1_b2_pingpong",
                                          "sm90_wgmma_s8_64x256_1x1_pingpong",
                                          "sm90_wgmma_s8_128x256_1x1",
                                          "sm90_wgmma_s8_128x256_2x1",
                                          "sm90_wgmma_s8_256x128_1x1_b2",
                                          "sm90_wgmma_s8_256x160_1x1_b2",
                                          "sm90_wgmma_s8_128x112_1x1_b2_pingpong_swap"};
  floors.power_of_kernels(4096, 4096, 4096, names);
  floors.power_of_kernels(8192, 4096, 14336, names);
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu_floors: %s\n", error.what());
    return 1;
  }
}
