#pragma once
#include <cstddef>
#include <string_view>

#include "device/cpu_info.hpp"

namespace qgemm {

/// Reads and copies blocks with the widest vectors a CPU has. Blocks are aligned to 64 bytes and a multiple of
/// `stream_block` long.
inline constexpr std::size_t stream_block = 4096;

struct StreamKernels {
  std::string_view name;  ///< "64-byte vectors"
  /// Loads each byte once, in four streams of the block; `sink` takes 64 bytes.
  void (*read)(const std::byte* from, std::size_t bytes, void* sink) = nullptr;
  /// One stream, ordinary stores.
  void (*copy)(std::byte* to, const std::byte* from, std::size_t bytes) = nullptr;
  /// Four streams, stores past the caches: nothing is fetched to be overwritten. Null where there is none.
  void (*copy_past_cache)(std::byte* to, const std::byte* from, std::size_t bytes) = nullptr;
};

StreamKernels stream_kernels(const CpuFeatures& features);

/// One a source file; the x86 one has null functions where the CPU has none of its instructions.
StreamKernels plain_stream_kernels();
StreamKernels x86_stream_kernels(const CpuFeatures& features);

}  // namespace qgemm
