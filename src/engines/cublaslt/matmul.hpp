#pragma once
#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engines/cublaslt/library.hpp"
#include "qgemm/dtype.hpp"

namespace qgemm::cublaslt {

/// D[M,N] = A[M,K]·W[N,K]ᵀ (+ bias), all row-major.
struct Product {
  DType input = DType::bf16, output = DType::bf16;
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t lda = 0, ldw = 0, ldd = 0;  ///< Elements from one row to the next.
  /// Device pointers that no launch changes; null: none. `bias`: n values of the output type. The scales are one
  /// float32 each and only for e4m3.
  const void* bias = nullptr;
  const float *scale_a = nullptr, *scale_w = nullptr;
  /// Bytes that every a, w and d is aligned to: kernels are chosen by it.
  std::uint32_t alignment_a = 256, alignment_w = 256, alignment_d = 256;
};

/// Bytes (1 to 256) that `pointer` is aligned to.
std::uint32_t alignment_of(const void* pointer);

using Algorithm = cublasLtMatmulAlgo_t;

/// A product described to cuBLASLt. It is column-major, so that it is asked for Dᵀ[N,M] = W·Aᵀ: the same bytes, with
/// the transposition in the operands, the call that torch.nn.functional.linear ends in, too. float32 accumulation and
/// scaling, no TF32; e4m3 with fast accumulation (sums of a tile's steps stay in the tensor cores' registers), as vLLM.
class Matmul {
 public:
  /// Throws `Unavailable`, `Error`.
  Matmul(const Library& library, const Product& product);

  /// The heuristic's choices, the one it expects most of first, at most `count`, that need at most `workspace` bytes.
  /// None where the library has no kernel.
  std::vector<Algorithm> algorithms(int count, std::size_t workspace) const;

  /// Enqueues. Throws as `Library::check`.
  void enqueue(const Algorithm& algorithm, const void* a, const void* w, void* d, void* workspace,
               std::size_t workspace_bytes, cudaStream_t stream) const;
  /// With another activation scale than the product's, from this call on.
  void set_scale_a(const float* scale_a);

 private:
  template <class T>
  using Owned = std::unique_ptr<T, cublasStatus_t (*)(T*)>;
  using Layout = Owned<cublasLtMatrixLayoutOpaque_t>;

  Layout layout(DType type, std::int64_t rows, std::int64_t cols, std::int64_t stride) const;
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value);

  const Library& library_;
  cublasLtHandle_t handle_;
  Product product_;
  Owned<cublasLtMatmulDescOpaque_t> desc_;
  Layout w_, a_, d_;
};

/// What the library calls the algorithm: "cublasLt algo 66 tile 128x256 stages 64xAUTO cluster 2x1". The tile is of Dᵀ.
std::string describe(const Library& library, const Algorithm& algorithm);

}  // namespace qgemm::cublaslt
