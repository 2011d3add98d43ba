#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <optional>
#include <string>

#include "qgemm/dtype.hpp"

namespace qgemm::onednn {

/// "2.6.3": of the library that was loaded, which need not be the headers'.
std::string library_version();

/// One product D[rows,channels] = A[rows,k] · W[channels,k]ᵀ (+ bias), all dense, as oneDNN is asked for it.
struct MatmulSpec {
  std::int64_t rows = 0, channels = 0, k = 0;
  /// bf16, f32, or s8: then A is u8, since VPDPBUSD wants one operand unsigned, and the sums are those of the bytes as
  /// they are. (oneDNN would take a zero point off by itself, but rounds sums past 2²⁴ to float on the way; and A as s8
  /// is up to 1.2 times slower.)
  DType operand = DType::s8;
  /// s32 for s8; bf16 or f32 for float operands.
  DType result = DType::s32;
  /// float operands only: one f32 a channel, added before the rounding to `result`.
  bool bias = false;
};

/// A product compiled for one calling thread, behind which the 2.x and 3.x interfaces of oneDNN look alike. Immutable:
/// several threads may run it at a time, each through a `MatmulCall` of its own.
class MatmulPrimitive {
 public:
  /// `layout`: the form the weights already have; without it oneDNN chooses. Throws `Unavailable` where oneDNN has
  /// nothing but its reference loops for it, which are up to thousands of times slower.
  explicit MatmulPrimitive(const MatmulSpec& spec, const std::optional<dnnl::memory::desc>& layout = std::nullopt);

  const MatmulSpec& spec() const { return spec_; }
  /// As oneDNN names it: "brg:avx512_core_vnni".
  std::string implementation() const;
  /// The form of the packed weights, [k, channels].
  dnnl::memory::desc weight_layout() const { return description_.weights_desc(); }
  std::size_t scratch_bytes() const { return description_.scratchpad_desc().get_size(); }

 private:
  friend class MatmulCall;
  MatmulSpec spec_;
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul primitive_;
};

/// One thread's arguments for a primitive, bound once so that a run only changes pointers.
class MatmulCall {
 public:
  /// `scratch`: at least `scratch_bytes()` for this thread alone; both outlive the call.
  MatmulCall(const MatmulPrimitive& primitive, void* scratch);
  /// `bias`: `channels` values, null where the spec has none.
  void run(const void* source, const dnnl::memory& weights, void* result, const float* bias);

 private:
  const dnnl::matmul* primitive_;
  dnnl::stream stream_;
  dnnl::memory source_, result_, bias_, scratch_;
  // The C interface's form of the above: the C++ one would build a map at each run.
  std::array<dnnl_exec_arg_t, 5> arguments_{};
  int count_ = 0;
};

/// Weights in the form a kernel wants, in the caller's memory. `storage` has `layout.get_size()` bytes, 64-byte
/// aligned.
dnnl::memory weight_memory(const dnnl::memory::desc& layout, void* storage);

/// Fills `packed` from `rows`, W[channels,k] row-major of `dtype` (s8, bf16, f32), on the calling thread.
void pack_weights(const void* rows, DType dtype, std::int64_t channels, std::int64_t k, dnnl::memory& packed);

/// oneDNN compiles for, and splits work over, the team of the thread that asks. While this lives that team is one
/// thread: the engine gives every thread of its own team whole products instead.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  int team_;
};

}  // namespace qgemm::onednn
