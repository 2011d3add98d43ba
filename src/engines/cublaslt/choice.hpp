#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "engines/cublaslt/matmul.hpp"
#include "qgemm/result.hpp"

namespace qgemm::cublaslt {

/// Which of the heuristic's algorithms runs: its first, as torch takes it, or the fastest of its first eight here.
enum class Choice : std::uint8_t { first, best };
/// What a row says of `Choice::best`.
inline constexpr const char* best_note = "best of 8 algorithms, by measurement";

/// The scratch memory torch gives cuBLAS on a GPU of that compute capability, so that the same algorithms are open to
/// both: 32 MiB on Hopper, else 2 × 4 MiB + 8 × 16 KiB.
std::size_t workspace_bytes(int major);

/// The algorithm for `matmul`. `enqueue` puts one product with the algorithm and an operand set on a stream; only
/// `Choice::best` calls it, with sets 0 … `sets` − 1 as calls in that cache state use them. Throws `Unavailable` where
/// the library has none.
Algorithm choose(const Library& library, const Matmul& matmul, Choice choice, std::size_t workspace, int sets,
                 CacheState cache, const std::function<void(const Algorithm&, int set, cudaStream_t)>& enqueue,
                 cudaStream_t stream);

}  // namespace qgemm::cublaslt
