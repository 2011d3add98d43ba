#include <cstdint>
#include <cstring>

#include "limits/stream_kernels.hpp"

namespace qgemm {
namespace {

using Vector = std::uint64_t __attribute__((vector_size(16)));
constexpr std::size_t streams = 4;

void read(const std::byte* from, std::size_t bytes, void* sink) {
  const std::size_t part = bytes / streams;
  Vector sum[streams] = {};
  for (std::size_t i = 0; i < part; i += sizeof(Vector)) {
    for (std::size_t s = 0; s < streams; ++s) {
      Vector value;
      std::memcpy(&value, from + s * part + i, sizeof value);
      sum[s] |= value;
    }
  }
  sum[0] ^= sum[1] ^ sum[2] ^ sum[3];
  std::memcpy(sink, &sum[0], sizeof sum[0]);
}

void copy(std::byte* to, const std::byte* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

}  // namespace

StreamKernels plain_stream_kernels() { return {"16-byte vectors in plain C++", read, copy, nullptr}; }

}  // namespace qgemm
