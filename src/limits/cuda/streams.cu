#include <algorithm>
#include <cstdint>
#include <optional>

#include "cuda/cuda_error.hpp"
#include "limits/cuda/streams.hpp"

namespace qgemm::cuda {
namespace {

constexpr int threads = 256, unroll = 8;
/// Bytes a block moves at a time, as one piece: pages of memory are opened once.
constexpr std::size_t piece_bytes = std::size_t{threads} * unroll * sizeof(uint4);

enum class Path { memory, l2 };

template <Path From>
__device__ uint4 load(const uint4* from) {
  return From == Path::l2 ? __ldcg(from) : __ldcs(from);
}
template <Path To>
__device__ void store(uint4* to, uint4 value) {
  if constexpr (To == Path::l2) {
    __stcg(to, value);
  } else {
    __stcs(to, value);
  }
}

/// `sink`: null; the compiler, which cannot know, keeps the sum for it.
template <Path From>
__global__ void __launch_bounds__(threads)
    read_all(const uint4* __restrict__ from, std::int64_t pieces, int repeats, std::uint32_t* sink) {
  std::uint32_t sum = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
      const uint4* mine = from + piece * (threads * unroll) + threadIdx.x;
      uint4 values[unroll];
#pragma unroll
      for (int i = 0; i < unroll; ++i) values[i] = load<From>(mine + i * threads);
#pragma unroll
      for (int i = 0; i < unroll; ++i) sum += values[i].x ^ values[i].y ^ values[i].z ^ values[i].w;
    }
  }
  if (sink != nullptr) sink[threadIdx.x] = sum;
}

template <Path Via>
__global__ void __launch_bounds__(threads)
    copy_all(const uint4* __restrict__ from, uint4* __restrict__ to, std::int64_t pieces, int repeats) {
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
      const std::int64_t first = piece * (threads * unroll) + threadIdx.x;
      uint4 values[unroll];
#pragma unroll
      for (int i = 0; i < unroll; ++i) values[i] = load<Via>(from + first + i * threads);
#pragma unroll
      for (int i = 0; i < unroll; ++i) store<Via>(to + first + i * threads, values[i]);
    }
  }
}

__global__ void fill_random(ulonglong2* memory, std::int64_t count) {
  for (std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x; i < count;
       i += static_cast<std::int64_t>(gridDim.x) * blockDim.x) {
    unsigned long long z = (static_cast<unsigned long long>(i) + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    memory[i] = make_ulonglong2(z ^ (z >> 31U), z * 0xd1342543de82ef95U);
  }
}

/// Blocks of a kernel that fill all multiprocessors once.
template <class Kernel>
unsigned resident_blocks(Kernel* kernel, const Device& device) {
  int each = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, threads, 0));
  return static_cast<unsigned>(device.multiprocessors * std::max(1, each));
}

std::int64_t pieces_of(std::size_t bytes) { return static_cast<std::int64_t>(bytes / piece_bytes); }

/// By one block a piece, or by resident ones that take many.
template <Path From>
Workload reading(const void* memory, std::int64_t pieces, int repeats, std::optional<Device> resident) {
  const unsigned blocks = resident ? resident_blocks(read_all<From>, *resident) : static_cast<unsigned>(pieces);
  Workload out;
  out.work = static_cast<double>(piece_bytes) * static_cast<double>(pieces) * repeats;
  out.enqueue = [=](cudaStream_t stream) {
    read_all<From><<<blocks, threads, 0, stream>>>(static_cast<const uint4*>(memory), pieces, repeats, nullptr);
    check_launch();
  };
  return out;
}

/// The first `pieces` to the `pieces` after them.
template <Path Via>
Workload copying(void* memory, std::int64_t pieces, int repeats, std::optional<Device> resident) {
  const unsigned blocks = resident ? resident_blocks(copy_all<Via>, *resident) : static_cast<unsigned>(pieces);
  const auto* from = static_cast<const uint4*>(memory);
  auto* to = static_cast<uint4*>(memory) + pieces * threads * unroll;
  Workload out;
  out.work = 2.0 * static_cast<double>(piece_bytes) * static_cast<double>(pieces) * repeats;
  out.enqueue = [=](cudaStream_t stream) {
    copy_all<Via><<<blocks, threads, 0, stream>>>(from, to, pieces, repeats);
    check_launch();
  };
  return out;
}

/// Passes over what the L2 cache holds that make a call of about a millisecond.
int l2_repeats(std::size_t bytes) {
  return static_cast<int>(std::clamp<std::size_t>((std::size_t{4} << 30U) / std::max<std::size_t>(bytes, 1), 1, 4096));
}

}  // namespace

void enqueue_random_fill(void* memory, std::size_t bytes, cudaStream_t stream) {
  fill_random<<<4096, 256, 0, stream>>>(static_cast<ulonglong2*>(memory),
                                        static_cast<std::int64_t>(bytes / sizeof(ulonglong2)));
  check_launch();
}

std::vector<Workload> memory_reads(const void* memory, std::size_t bytes, const Device& device) {
  const std::int64_t pieces = pieces_of(bytes);
  std::vector<Workload> all{reading<Path::memory>(memory, pieces, 1, device),
                            reading<Path::memory>(memory, pieces, 1, std::nullopt)};
  all[0].method = "sum by resident blocks";
  all[1].method = "sum by a block for each 32 KiB";
  return all;
}

std::vector<Workload> memory_copies(void* memory, std::size_t bytes, const Device& device) {
  const std::int64_t pieces = pieces_of(bytes / 2);
  std::vector<Workload> all{copying<Path::memory>(memory, pieces, 1, device),
                            copying<Path::memory>(memory, pieces, 1, std::nullopt), Workload{}};
  all[0].method = "copy by resident blocks";
  all[1].method = "copy by a block for each 32 KiB";
  const std::size_t half = piece_bytes * static_cast<std::size_t>(pieces);
  all[2].method = "cudaMemcpy";
  all[2].work = 2.0 * static_cast<double>(half);
  all[2].enqueue = [=](cudaStream_t stream) {
    check(cudaMemcpyAsync(static_cast<char*>(memory) + half, memory, half, cudaMemcpyDeviceToDevice, stream));
  };
  return all;
}

Workload l2_read(const void* memory, std::size_t bytes, const Device& device) {
  Workload out = reading<Path::l2>(memory, pieces_of(bytes), l2_repeats(bytes), device);
  out.method = "sum, past L1";
  return out;
}

Workload l2_copy(void* memory, std::size_t bytes, const Device& device) {
  Workload out = copying<Path::l2>(memory, pieces_of(bytes / 2), l2_repeats(bytes), device);
  out.method = "copy, past L1";
  return out;
}

}  // namespace qgemm::cuda
