#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/dtype.hpp"
#include "qgemm/runner.hpp"

// Quantization, products and timing of arrays that lie in a GPU's memory, for who hands them over as pointers. A build
// without the CUDA engines has all of it, too, and says so: every function but `find_gpus` throws `Unavailable` there.
// What takes a `DeviceStream` enqueues on it and returns, unless it says otherwise, and may be captured into a CUDA
// graph; operands have to live until the work is done. All throw `InvalidInput` for shapes, types, strides or GPUs that
// do not fit, `OutOfMemory`, and the CUDA runtime's own errors as `Error`. NaN and infinity cannot be thrown without
// waiting for the GPU: the scale that is found of them is one, and so is what is multiplied by it.
namespace qgemm {

/// The GPUs that this process may use, by their names, in the CUDA runtime's order.
struct Gpus {
  std::vector<std::string> names;
  std::string reason;  ///< Where there are none: a sentence that says why.
};
Gpus find_gpus();

/// A stream of a GPU, whose ordinal is `device`; `handle` is a cudaStream_t: null or 1 the default stream that waits
/// for the others, 2 the calling thread's own, else what cudaStreamCreate gave.
struct DeviceStream {
  int device = 0;
  void* handle = nullptr;
};

/// A row-major matrix in a GPU's memory that somebody else owns; types of their own, so that no code of the host reads
/// it. `stride` is the distance of two rows in elements, ≥ `cols`.
struct ConstDeviceMatrixView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0, stride = 0;
};
struct DeviceMatrixView {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0, stride = 0;
  // NOLINTNEXTLINE(google-explicit-constructor): a writable view is usable wherever a read-only one is
  operator ConstDeviceMatrixView() const { return {data, dtype, rows, cols, stride}; }
};

/// Scales and zero points, one behind the other in a GPU's memory; none: `count` 0.
struct DeviceFloats {
  const float* data = nullptr;
  std::int64_t count = 0;
};
struct DeviceIntegers {
  const std::int32_t* data = nullptr;
  std::int64_t count = 0;
};

/// Quantizes `x` [M,K] (f32, bf16, f16) to `q` [M,K], s8 or e4m3, by the rules of qgemm/quantize.hpp, bit for bit.
/// `scales` and, unless null (symmetric; always for e4m3), `azp` are written: M of each, or one.
void quantize_per_token(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, float* scales, std::int32_t* azp,
                        const DeviceStream& stream);
void quantize_per_tensor(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, float* scales, std::int32_t* azp,
                         const DeviceStream& stream);
/// With a scale and, unless null, a zero point that the device holds by then: one of each.
void quantize_static(const ConstDeviceMatrixView& x, const DeviceMatrixView& q, const float* scale,
                     const std::int32_t* azp, const DeviceStream& stream);

/// What `scaled_mm` multiplies, all in the memory of one GPU.
struct DeviceScaledProduct {
  ConstDeviceMatrixView a, w;     ///< A_q[M,K] and W_q[N,K], both s8 or both e4m3.
  DeviceFloats scale_a, scale_w;  ///< 1 or M, 1 or N.
  DeviceIntegers azp;             ///< None, 1 or M; of s8 alone.
  /// N, what a zero point is multiplied by: with `azp` Σₖ W_q[n,k]; without, azp · that, of one zero point for all
  /// rows; or none.
  DeviceIntegers azp_adj;
  ConstDeviceMatrixView bias;  ///< [1,N] of bf16, f16 or f32; `data` null: none.
  DeviceMatrixView d;          ///< [M,N], bf16 or f16.
};

/// D = scale_a ⊙ scale_w ⊙ (A_q·W_qᵀ − azp ⊙ azp_adj) + bias, as in qgemm/scaled_mm.hpp, by the kernel that a tuning
/// table names, else, on Hopper, by the one that a model of cost puts in front, elsewhere the reference's. Nothing is
/// tried, packed or copied where K is a multiple of 16 and N of 8 and A, W and D start, and have rows, at multiples of
/// 16 bytes; else what is not so is copied in the call. Weights are taken for a model's, which come from memory: with
/// fewer than 512 rows they are the first to leave L2 again. To run one product many times use `make_runner`, whose
/// weights stay there where they fit.
void scaled_mm(const DeviceScaledProduct& product, const DeviceStream& stream);

/// One provider's product on a GPU, ready to be called and timed: `Runner` for arrays that lie there. Weights are
/// quantized, and a kernel is chosen, when it is made. Movable; not thread-safe, and one stream at a time.
class DeviceRunner {
 public:
  DeviceRunner(DeviceRunner&&) noexcept;
  DeviceRunner& operator=(DeviceRunner&&) noexcept;
  ~DeviceRunner();  ///< Waits for the GPU.

  /// Enqueues the product on the activations given to `make_runner`, which are read again by each call where the
  /// provider does not quantize them ahead. The stream's GPU has to be the runner's.
  void operator()(const DeviceStream& stream);
  /// D[M,N] of every call, always in the same place.
  DeviceMatrixView output() const;
  /// The quantized activations' scales of the last call on `stream`, for which it waits; empty for float providers.
  std::vector<float> activation_scales(const DeviceStream& stream) const;
  /// Waits for `stream` and throws `InvalidInput` where a call met NaN or infinity in what it quantizes.
  void check(const DeviceStream& stream) const;
  std::string engine() const;
  std::string kernel() const;

 private:
  struct State;
  explicit DeviceRunner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend DeviceRunner make_runner(std::string_view, const ConstDeviceMatrixView&, const ConstDeviceMatrixView&,
                                  const RunnerOptions&, const DeviceStream&);
};

/// As the host's `make_runner`, of `a` [M,K] and `w` [N,K] in the memory of the stream's GPU, where they are there by
/// what was enqueued on `stream` before. Waits until the runner is ready. `options.engine`: a GPU's engine, or auto.
DeviceRunner make_runner(std::string_view provider, const ConstDeviceMatrixView& a, const ConstDeviceMatrixView& w,
                         const RunnerOptions& options, const DeviceStream& stream);

/// Uninitialised memory of a GPU; who lets go of the last share waits for the GPU.
std::shared_ptr<void> device_memory(std::size_t bytes, int device);

/// What is enqueued on `later` from now on begins when all that is on `earlier` by now has ended. Same GPU.
void make_wait(const DeviceStream& later, const DeviceStream& earlier);
/// Returns when all that is on the stream has ended; throws for what failed in it.
void wait_for(const DeviceStream& stream);

/// A stream of its own, which no default stream waits for.
class OwnedDeviceStream {
 public:
  explicit OwnedDeviceStream(int device);
  DeviceStream get() const { return {device_, handle_.get()}; }

 private:
  int device_;
  std::shared_ptr<void> handle_;
};

/// A moment on a stream, about half a microsecond fine.
class DeviceEvent {
 public:
  explicit DeviceEvent(int device);
  void record(const DeviceStream& stream);
  /// Returns when the moment recorded last has passed.
  void wait() const;
  /// Both have to have passed.
  double microseconds_since(const DeviceEvent& earlier) const;

 private:
  int device_;
  std::shared_ptr<void> event_;
};

/// What was enqueued once, to be run again and again at the cost of one launch.
class DeviceGraph {
 public:
  /// Captures what `enqueue` puts on `stream`, which is no default stream. What it throws comes out.
  static DeviceGraph capture(const DeviceStream& stream, const std::function<void()>& enqueue);
  /// True where nothing was enqueued.
  bool empty() const;
  void launch(const DeviceStream& stream) const;

 private:
  struct State;
  explicit DeviceGraph(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// Enqueues writes over twice the GPU's L2 cache, so that what comes next finds nothing of its own there.
void flush_cache(const DeviceStream& stream);

}  // namespace qgemm
