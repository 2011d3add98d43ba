#include "cuda/cuda_error.hpp"
#include "device_arrays/symbols.hpp"

namespace qgemm {
namespace {

__device__ std::uint32_t unread;
__device__ std::int32_t one = 1;

template <class T>
T* address_of(const T& symbol) {
  void* address = nullptr;
  cuda::check(cudaGetSymbolAddress(&address, symbol));
  return static_cast<T*>(address);
}

}  // namespace

std::uint32_t* unread_bad_row() { return address_of(unread); }
const std::int32_t* one_on_device() { return address_of(one); }

}  // namespace qgemm
