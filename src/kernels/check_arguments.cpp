#include "kernels/check_arguments.hpp"

#include <cstdint>
#include <limits>

#include "cuda/device.hpp"
#include "qgemm/error.hpp"

namespace qgemm::kernels {
namespace {

bool aligned(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0; }

void check_unquantized(const KernelTraits& traits, const ScaledGemmArguments& g) {
  const auto& from = g.unquantized;
  if (from.stride % 8 != 0 || from.stride < g.k) {
    refuse(traits, "the stride of the activations has to be a multiple of 8 and no less than K");
  }
  if (from.bad_row == nullptr) refuse(traits, "it needs room to tell of rows with NaN or infinity");
  if (!from.own_scales && (g.scale_a_per_row || g.azp_per_row)) refuse(traits, "a given scale is one for all tokens");
}

void check_device(const KernelTraits& traits) {
  const int major = cuda::attribute(cudaDevAttrComputeCapabilityMajor);
  const int capability = 10 * major + cuda::attribute(cudaDevAttrComputeCapabilityMinor);
  if (traits.only_this_family ? capability != traits.min_capability : capability < traits.min_capability) {
    refuse(traits, "it is made for GPUs of compute capability " + std::to_string(traits.min_capability / 10) + "." +
                       std::to_string(traits.min_capability % 10) + (traits.only_this_family ? "" : " and later"));
  }
}

}  // namespace

void refuse(const KernelTraits& traits, const std::string& reason) {
  throw Unavailable("kernel " + traits.name + " cannot take this product: " + reason);
}

int multiprocessors() { return cuda::multiprocessors(); }

std::int64_t shared_bytes_per_block() { return cuda::attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin); }

void check_arguments(const KernelTraits& traits, const ScaledGemmArguments& g) {
  constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  if (g.m <= 0 || g.n <= 0 || g.k <= 0) refuse(traits, "M, N and K have to be positive");
  if (g.m > largest || g.n > largest || g.k > largest) refuse(traits, "M, N and K have to be below 2^31");
  if (g.k % 16 != 0) refuse(traits, "K has to be a multiple of 16");
  if (g.n % 8 != 0) refuse(traits, "N has to be a multiple of 8");
  if (!traits.quantizes() && (g.lda % 16 != 0 || g.lda < g.k)) {
    refuse(traits, "the stride of A has to be a multiple of 16 and no less than K");
  }
  if (g.ldw % 16 != 0 || g.ldw < g.k) refuse(traits, "the stride of W has to be a multiple of 16 and no less than K");
  if (g.ldd % 8 != 0 || g.ldd < g.n) refuse(traits, "the stride of D has to be a multiple of 8 and no less than N");
  const auto& from = g.unquantized;
  const void* a = traits.quantizes() ? from.x : g.a;
  if (!aligned(a) || !aligned(g.w) || !aligned(g.d)) refuse(traits, "A, W and D have to start at multiples of 16");
  const bool scale_a = g.scale_a != nullptr || (traits.quantizes() && from.own_scales);
  if (a == nullptr || g.w == nullptr || g.d == nullptr || !scale_a || g.scale_w == nullptr) {
    refuse(traits, traits.quantizes() ? "unquantized activations as bf16, W, D and the scales are needed"
                                      : "A, W, D and both scales are needed");
  }
  if (traits.quantizes()) check_unquantized(traits, g);
  const bool integer = traits.input == DType::s8;
  if (!integer && (g.azp != nullptr || g.tap >= 0)) refuse(traits, "only integers have zero points and exact sums");
  if (g.azp != nullptr && g.colsum == nullptr) refuse(traits, "zero points need the column sums of the weights");
  if (g.tap > 24) refuse(traits, "a sum has no byte there");
  if (g.raster < 0 || g.raster > 2) refuse(traits, "there is no such raster order");
  if (g.swizzle != 1 && g.swizzle != 2 && g.swizzle != 4 && g.swizzle != 8) {
    refuse(traits, "a swizzle is 1, 2, 4 or 8");
  }
  check_device(traits);
}

}  // namespace qgemm::kernels
