#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/dtype.hpp"

namespace qgemm::kernels {

/// Activations as a call is given them, for kernels that quantize by themselves (`KernelTraits::quantizes`): by the
/// rules of qgemm/quantize.hpp, bit for bit.
struct UnquantizedActivations {
  const void* x = nullptr;  ///< [M,K] bf16, 16-byte aligned; null: there are none
  std::int64_t stride = 0;  ///< Of its rows, in elements; a multiple of 8
  bool own_scales = false;  ///< Each token by its own absmax; else all by the one scale (and zero point) that is given.
  std::uint32_t* bad_row = nullptr;  ///< Lowered to the first token with NaN or infinity.
};

/// D[M,N] = s_a[m]·(s_w[n]·float(Σₖ a[m,k]·w[n,k] − azp[m]·colsum[n])) + bias[n], float32 with one rounding an
/// operation, then one rounding to the type of D. All pointers are device memory; a and w 16-byte aligned, row-major,
/// with `lda`, `ldw` (elements) multiples of 16 and `k` a multiple of 16; `n` and `ldd` multiples of 8 with d 16-byte
/// aligned.
struct ScaledGemmArguments {
  std::int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;  ///< [M,K], s8 or e4m3
  std::int64_t lda = 0;
  UnquantizedActivations unquantized;  ///< In place of `a`, for kernels that quantize; the others ignore it.
  const void* w = nullptr;             ///< [N,K], the same type
  std::int64_t ldw = 0;
  const float* scale_a = nullptr;  ///< M of them, or one; none where tokens get scales of their own in the kernel
  bool scale_a_per_row = false;
  const float* scale_w = nullptr;  ///< N of them, or one
  bool scale_w_per_channel = false;
  const std::int32_t* azp = nullptr;  ///< None (null), M of them, or one; integer kernels only
  bool azp_per_row = false;
  const std::int32_t* colsum = nullptr;  ///< N, where `azp` is given
  const float* bias = nullptr;           ///< None (null), or N
  void* d = nullptr;                     ///< [M,N]
  std::int64_t ldd = 0;
  /// ≥ 0: D = float((Σ >> tap) & 255) in place of the scaled sum, which every output type holds exactly: four taps give
  /// the kernel's own int32 sums. Integer kernels only.
  int tap = -1;
  /// How tiles are ordered over the multiprocessors: 0 the scheduler's own choice, 1 along M, 2 along N; and how many
  /// neighbours share L2 (1, 2, 4, 8).
  int raster = 0, swizzle = 1;
  /// Lines of the weights are the first to leave L2, for weights that come from memory and are not wanted again soon:
  /// what else is there stays. Kernels that cannot tell L2 ignore it.
  bool streams_weights = false;
};

/// A kernel with its arguments: everything the host has to compute was computed.
class ScaledGemmLaunch {
 public:
  virtual ~ScaledGemmLaunch() = default;
  /// Enqueues the product; may be captured into a graph. Throws `CudaError` where the launch is refused.
  /// `overlaps`: it may start before the kernel that was enqueued before it, which writes its activations and their
  /// scales (programmatic launch); kernels that cannot wait by themselves ignore it.
  virtual void enqueue(cudaStream_t stream, bool overlaps) = 0;
  void enqueue(cudaStream_t stream) { enqueue(stream, false); }
};

/// What distinguishes one kernel from another.
struct KernelTraits {
  std::string name;  ///< As rows report it: "sm90_s8_128x128x128_2x1_pingpong"
  DType input = DType::s8, output = DType::bf16;
  int min_capability = 0;                  ///< 80, 89, 90: of the GPU
  bool only_this_family = false;           ///< sm_90a code runs on capability 9.0 alone
  int tile_m = 0, tile_n = 0, tile_k = 0;  ///< Of D as stated above, also where the kernel computes Dᵀ.
  int cluster_m = 1, cluster_n = 1;
  bool swapped = false;          ///< Computes Dᵀ = W·Aᵀ: the weights are the MMA's M operand.
  bool orders_tiles = false;     ///< Heeds `raster` and `swizzle`.
  int split = 1;                 ///< Blocks that share a tile along K.
  int residents = 1;             ///< Blocks on a multiprocessor at a time.
  int turns = 1;                 ///< Groups of a block that take turns on steps of K.
  bool alternates = false;       ///< They take turns on tiles: one multiplies while the other stores ("pingpong").
  bool streams_weights = false;  ///< Heeds `streams_weights`.
  bool overlaps = false;         ///< Can start before the kernel that writes its activations has ended.
  /// > 0: it takes activations unquantized, of at most as many tokens as its tile has, K and elements M·K.
  std::int64_t quantized_k = 0, quantized_elements = 0;

  bool quantizes() const { return quantized_k > 0; }
};

class ScaledGemmKernel {
 public:
  virtual ~ScaledGemmKernel() = default;
  virtual const KernelTraits& traits() const = 0;
  /// Bytes of scratch memory, 256-byte aligned, that one launch at a time needs.
  virtual std::size_t workspace_bytes(const ScaledGemmArguments& arguments) const = 0;
  /// Throws `Unavailable` where the kernel cannot take the arguments.
  virtual std::unique_ptr<ScaledGemmLaunch> prepare(const ScaledGemmArguments& arguments, void* workspace) const = 0;
};

/// All kernels of this build, whatever the GPU; alive until the program's end.
const std::vector<const ScaledGemmKernel*>& all_kernels();

/// The kernel of that name and output type; throws `InvalidInput` where this build has none.
const ScaledGemmKernel& find_kernel(std::string_view name, DType output);

/// Enqueues the int32 sums [M,N] (dense) of a product by four taps of `kernel`, using `d` (with `ldd`, of the kernel's
/// output type) of `arguments` as scratch.
void enqueue_sums(const ScaledGemmKernel& kernel, ScaledGemmArguments arguments, std::int64_t columns,
                  std::int32_t* sums, void* workspace, cudaStream_t stream);

}  // namespace qgemm::kernels
