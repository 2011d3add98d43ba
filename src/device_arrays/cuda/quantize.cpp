#include <cstdint>
#include <string>

#include "cuda/cuda_error.hpp"
#include "cuda/current_device.hpp"
#include "cuda/stream_memory.hpp"
#include "device_arrays/cuda/gpus.hpp"
#include "device_arrays/cuda/operands.hpp"
#include "device_arrays/cuda/symbols.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/row_kernels.hpp"
#include "quantize/cuda/tensor_scale.hpp"

namespace qgemm {
namespace {

cuda::Code code_of(const DeviceMatrixView& q, bool symmetric) {
  if (q.dtype == DType::s8) return cuda::Code::s8;
  if (q.dtype != DType::e4m3) {
    throw InvalidInput("the quantized matrix has to be s8 or e4m3, not " + std::string(name(q.dtype)));
  }
  if (!symmetric) throw InvalidInput("e4m3 has no zero point: quantize symmetrically");
  return cuda::Code::e4m3;
}

cuda::RowArguments checked(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, float* scales,
                           std::int32_t* azp) {
  check_floats("the matrix to quantize", x);
  check_matrix("the quantized matrix", q);
  if (x.rows != q.rows || x.cols != q.cols) {
    throw InvalidInput("a matrix of " + size_text(x) + " cannot be quantized into one of " + size_text(q));
  }
  if (scales == nullptr) throw InvalidInput("there is no place for the scales");
  cuda::RowArguments arguments;
  arguments.x = x.data;
  arguments.rows = x.rows;
  arguments.k = x.cols;
  arguments.x_stride = x.stride;
  arguments.q = static_cast<std::uint8_t*>(q.data);
  arguments.q_stride = q.stride;
  arguments.scales = scales;
  arguments.azp = azp;
  arguments.bad_row = unread_bad_row();
  return arguments;
}

}  // namespace

void quantize_per_token(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, float* scales, std::int32_t* azp,
                        const DeviceStream& stream) {
  const cuda::CurrentDevice current(gpu(stream.device).ordinal);
  const cuda::Code code = code_of(q, azp == nullptr);
  const cuda::RowArguments arguments = checked(x, q, scales, azp);
  enqueue_by_own_scale(code, arguments, x.dtype, shape_for_own_scale(arguments, x.dtype), handle_of(stream));
}

void quantize_per_tensor(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, float* scales, std::int32_t* azp,
                         const DeviceStream& stream) {
  if (x.rows == 1) return quantize_per_token(x, q, scales, azp, stream);  // the only row's scale is the tensor's
  const cuda::CurrentDevice current(gpu(stream.device).ordinal);
  const cuda::Code code = code_of(q, azp == nullptr);
  cuda::RowArguments arguments = checked(x, q, scales, azp);
  const cuda::StreamMemory scratch(cuda::tensor_scale_scratch(), handle_of(stream));
  cuda::check(cudaMemsetAsync(scratch.data(), 0, cuda::tensor_scale_scratch(), handle_of(stream)));
  enqueue_tensor_scale(code, view_of(x), scales, azp, scratch.data(), handle_of(stream));
  arguments.last_first = true;
  enqueue_by_given_scale(code, arguments, x.dtype, shape_for_given_scale(arguments, x.dtype), handle_of(stream));
}

void quantize_static(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, const float* scale,
                     const std::int32_t* azp, const DeviceStream& stream) {
  const cuda::CurrentDevice current(gpu(stream.device).ordinal);
  const cuda::Code code = code_of(q, azp == nullptr);
  // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): given scales are read alone
  const cuda::RowArguments arguments = checked(x, q, const_cast<float*>(scale), const_cast<std::int32_t*>(azp));
  // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
  enqueue_by_given_scale(code, arguments, x.dtype, shape_for_given_scale(arguments, x.dtype), handle_of(stream));
}

}  // namespace qgemm
