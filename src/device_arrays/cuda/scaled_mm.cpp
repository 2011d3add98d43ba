#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/current_device.hpp"
#include "cuda/stream_memory.hpp"
#include "device_arrays/cuda/gpus.hpp"
#include "device_arrays/cuda/operands.hpp"
#include "device_arrays/cuda/symbols.hpp"
#include "engines/cutlass/known_choice.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm {
namespace {

/// Kernels take whole pieces of 16 bytes.
bool in_pieces(const ConstDeviceMatrixView& view) {
  const auto size = static_cast<std::int64_t>(size_of(view.dtype));
  return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0 && view.stride * size % 16 == 0 &&
         view.cols * size % 16 == 0;
}

void check_count(const char* what, std::int64_t count, std::int64_t rows, bool may_be_none) {
  if ((count == 0 && may_be_none) || count == 1 || count == rows) return;
  throw InvalidInput(std::string(what) + " has " + std::to_string(count) + " values: give 1 or " +
                     std::to_string(rows));
}

void check(const DeviceScaledProduct& p) {
  check_matrix("a", p.a);
  check_matrix("w", p.w);
  check_matrix("d", p.d);
  if ((p.a.dtype != DType::s8 && p.a.dtype != DType::e4m3) || p.w.dtype != p.a.dtype) {
    throw InvalidInput("a is " + std::string(name(p.a.dtype)) + " and w is " + std::string(name(p.w.dtype)) +
                       ": scaled_mm takes s8 or e4m3, both the same");
  }
  if (p.a.cols != p.w.cols) {
    throw InvalidInput("a has K=" + std::to_string(p.a.cols) + " and w has K=" + std::to_string(p.w.cols) +
                       ": a is [M,K] and w is [N,K]");
  }
  if (p.d.rows != p.a.rows || p.d.cols != p.w.rows) {
    throw InvalidInput("d is " + size_text(p.d) + ": the product is " + std::to_string(p.a.rows) + " × " +
                       std::to_string(p.w.rows));
  }
  if (p.d.dtype != DType::bf16 && p.d.dtype != DType::f16) {
    throw InvalidInput("d is " + std::string(name(p.d.dtype)) + ": on a GPU results are bf16 or f16");
  }
  check_count("scale_a", p.scale_a.count, p.a.rows, false);
  check_count("scale_w", p.scale_w.count, p.w.rows, false);
  check_count("azp", p.azp.count, p.a.rows, true);
  if (p.azp_adj.count != 0 && p.azp_adj.count != p.w.rows) {
    throw InvalidInput("azp_adj has " + std::to_string(p.azp_adj.count) + " values: give " + std::to_string(p.w.rows));
  }
  if (p.azp.count != 0 && p.azp_adj.count == 0) throw InvalidInput("azp needs the column sums of the weights, azp_adj");
  if (p.a.dtype == DType::e4m3 && p.azp_adj.count != 0) throw InvalidInput("e4m3 has no zero point: leave azp_adj out");
  if (p.bias.data != nullptr) {
    check_floats("bias", p.bias);
    if (p.bias.rows != 1 || p.bias.cols != p.w.rows) {
      throw InvalidInput("bias is " + size_text(p.bias) + ": give one value an output channel, " +
                         std::to_string(p.w.rows));
    }
  }
  // Any int8 may come in here, −128 too: the tighter bound.
  if (p.a.dtype == DType::s8 && p.a.cols > 131'071) {
    throw InvalidInput("K=" + std::to_string(p.a.cols) +
                       " is past 131071, the largest whose int32 sums cannot overflow: split K");
  }
}

/// What a call copies because kernels do not take it as it is, until all of it is enqueued.
class Copies {
 public:
  explicit Copies(cudaStream_t stream) : stream_(stream) {}

  void* room(std::size_t bytes) {
    held_.emplace_back(bytes, stream_);
    return held_.back().data();
  }
  /// `view` with zeros behind its rows and columns.
  cuda::DeviceView padded(const ConstDeviceMatrixView& view, std::int64_t rows, std::int64_t cols) {
    const std::size_t size = size_of(view.dtype), bytes = static_cast<std::size_t>(rows * cols) * size;
    const cuda::DeviceView out{room(bytes), view.dtype, rows, cols, cols};
    if (rows != view.rows || cols != view.cols) cuda::check(cudaMemsetAsync(out.data, 0, bytes, stream_));
    cuda::DeviceView inner = out;
    inner.rows = view.rows;
    inner.cols = view.cols;
    copy_on_device(view_of(view), inner, stream_);
    return out;
  }
  template <class T>
  const T* padded(const T* values, std::int64_t count, std::int64_t wanted) {
    if (count == wanted) return values;
    const auto bytes = static_cast<std::size_t>(wanted) * sizeof(T);
    auto* out = static_cast<T*>(room(bytes));
    cuda::check(cudaMemsetAsync(out, 0, bytes, stream_));
    cuda::check(
        cudaMemcpyAsync(out, values, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDeviceToDevice, stream_));
    return out;
  }

 private:
  cudaStream_t stream_;
  std::vector<cuda::StreamMemory> held_;
};

}  // namespace

void scaled_mm(const DeviceScaledProduct& p, const DeviceStream& on) {
  check(p);
  const cuda::Device& device = gpu(on.device);
  const cuda::CurrentDevice current(device.ordinal);
  cudaStream_t const stream = handle_of(on);
  const Shape shape{p.a.rows, p.w.rows, p.a.cols};
  Copies copies(stream);

  // D with rows of whole pieces is written in place; else into a wider one, of which the left part is copied out.
  const bool in_place = in_pieces(p.d);
  const std::int64_t n = in_place ? shape.n : cuda::padded(shape.n), k = cuda::padded(shape.k);
  cuda::DeviceView d{p.d.data, p.d.dtype, shape.m, shape.n, p.d.stride};
  if (!in_place) {
    d = {copies.room(static_cast<std::size_t>(shape.m * n) * size_of(p.d.dtype)), p.d.dtype, shape.m, shape.n, n};
  }
  const cuda::DeviceView a = in_pieces(p.a) ? view_of(p.a) : copies.padded(p.a, shape.m, k);
  const cuda::DeviceView w = in_pieces(p.w) && n == shape.n ? view_of(p.w) : copies.padded(p.w, n, k);

  kernels::ScaledGemmArguments arguments;
  arguments.m = shape.m;
  arguments.n = n;
  arguments.k = k;
  arguments.a = a.data;
  arguments.lda = a.rows > 1 ? a.stride : k;
  arguments.w = w.data;
  arguments.ldw = w.rows > 1 ? w.stride : k;
  arguments.scale_a = p.scale_a.data;
  arguments.scale_a_per_row = p.scale_a.count > 1;
  arguments.scale_w = p.scale_w.count == 1 ? p.scale_w.data : copies.padded(p.scale_w.data, shape.n, n);
  arguments.scale_w_per_channel = p.scale_w.count > 1;
  if (p.azp_adj.count != 0) {
    // A zero point that was folded ahead is one of 1 with what it was folded into.
    arguments.azp = p.azp.count != 0 ? p.azp.data : one_on_device();
    arguments.azp_per_row = p.azp.count > 1;
    arguments.colsum = copies.padded(p.azp_adj.data, shape.n, n);
  }
  if (p.bias.data != nullptr) {
    auto* const bias = static_cast<float*>(copies.room(static_cast<std::size_t>(n) * sizeof(float)));
    if (n != shape.n) cuda::check(cudaMemsetAsync(bias, 0, static_cast<std::size_t>(n) * sizeof(float), stream));
    enqueue_convert(view_of(p.bias), {bias, DType::f32, 1, shape.n, shape.n}, stream);
    arguments.bias = bias;
  }
  arguments.d = d.data;
  arguments.ldd = d.stride;
  cutlass::enqueue_known(device, p.a.dtype, p.d.dtype, shape, arguments, stream);
  if (!in_place) copy_on_device(d, {p.d.data, p.d.dtype, shape.m, shape.n, p.d.stride}, stream);
}

}  // namespace qgemm
