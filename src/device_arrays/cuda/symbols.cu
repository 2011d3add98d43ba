#include <map>
#include <mutex>

#include "cuda/cuda_error.hpp"
#include "device_arrays/cuda/symbols.hpp"

namespace qgemm {
namespace {

__device__ std::uint32_t unread;
__device__ std::int32_t one = 1;

/// Asked for once a device: it may not be asked for while a stream is captured.
template <class T>
T* address_of(const T& symbol, std::map<int, void*>& known) {
  static std::mutex mutex;
  int device = 0;
  cuda::check(cudaGetDevice(&device));
  const std::lock_guard lock(mutex);
  void*& address = known[device];
  if (address == nullptr) cuda::check(cudaGetSymbolAddress(&address, symbol));
  return static_cast<T*>(address);
}

}  // namespace

std::uint32_t* unread_bad_row() {
  static std::map<int, void*> known;
  return address_of(unread, known);
}

const std::int32_t* one_on_device() {
  static std::map<int, void*> known;
  return address_of(one, known);
}

}  // namespace qgemm
