#include "quantize/cuda/bad_row.hpp"

#include <cstdint>
#include <string>

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {

DeviceBuffer make_bad_row(cudaStream_t stream) {
  DeviceBuffer bad_row(sizeof(std::uint32_t));
  check(cudaMemsetAsync(bad_row.data(), 0xff, bad_row.size(), stream));
  return bad_row;
}

void check_bad_row(const DeviceBuffer& bad_row, const char* what, cudaStream_t stream) {
  constexpr std::uint32_t none = 0xffffffff;
  std::uint32_t row = none;
  check(cudaMemcpyAsync(&row, bad_row.data(), sizeof row, cudaMemcpyDeviceToHost, stream));
  check(cudaStreamSynchronize(stream));
  if (row == none) return;
  throw InvalidInput("the " + std::string(what) + " hold NaN or infinity in row " + std::to_string(row) +
                     ": no 8-bit value stands for it, so clean the input first");
}

}  // namespace qgemm::cuda
