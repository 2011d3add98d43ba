#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engines/avx512/blocking.hpp"
#include "engines/avx512/packed_activations.hpp"
#include "engines/avx512/packed_weights.hpp"
#include "engines/avx512/work_shares.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::avx512 {

/// Exact int32 sums of a rectangle of D: row r's at `values + r·stride`. Valid for the call that is given them.
struct SumsTile {
  std::int64_t row = 0, rows = 0, channel = 0, channels = 0;
  const std::int32_t* values = nullptr;
  std::int64_t stride = 0;
};

/// What kernels that finish tiles themselves make of the sums, see `TileResult`. Of what there is one a channel there
/// are as many as the panels have, padding included.
struct FusedResult {
  std::span<const float> scale_a;     ///< 1 or M.
  std::span<const std::int32_t> azp;  ///< None, 1 or M.
  std::int64_t farthest_azp = 0;      ///< Up to this magnitude sum − azp·colsum is an int32.
  const std::int32_t* colsum = nullptr;
  const float* scale_w = nullptr;
  const float* bias = nullptr;  ///< Or null.
  MatrixView d;
};

/// The sums Σₖ A[m,k]·W[n,k] of packed operands, on a team of threads, handed tile by tile to whoever turns them into
/// D.
class Product {
 public:
  /// Allocates what the threads need; throws `OutOfMemory`.
  Product(const Shape& shape, const TileKernel& kernel, int threads);

  const Blocking& blocking() const { return blocking_; }
  static std::int64_t working_bytes(const Shape& shape, const TileKernel& kernel, int threads);

  /// Called by each of `threads` threads before the product begins: what makes the activations. Where one of them
  /// returns false there is no product. Must not throw.
  using Preparation = std::function<bool(int thread, int threads)>;
  /// Takes a tile while it is in the calling thread's cache; each element of D once. Must not throw.
  using Sink = std::function<void(const SumsTile& tile)>;
  /// `prepare` may be empty. The weights are those of copy `set`. With `fused` the kernel writes D itself where it can,
  /// and only tiles that it cannot finish go to `sink`.
  void run(const PackedActivations& a, const PackedWeights& w, int set, const Preparation& prepare, const Sink& sink,
           const FusedResult* fused = nullptr);

 private:
  struct Call;
  struct Block;
  void multiply(const Call& call, int thread);
  void multiply_block(const Call& call, const Block& block);
  const std::int8_t* weights_at(const Call& call, const Blocking::Unit& unit, std::int64_t block) const;
  /// What the block's tiles fetch meanwhile, or null.
  const std::int8_t* next_weights(const Call& call, const Block& block) const;
  std::int32_t* sums_of(const Block& block, const Range& rows) const;
  /// False where a zero point of these rows is too far away for the kernel.
  bool describe(const FusedResult& fused, const Range& rows, std::int64_t channel, TileResult& result) const;
  std::int64_t channels_at(std::int64_t channel) const;
  void add_parts(const Call& call, int thread, int threads);
  std::int32_t* part_sums(std::int64_t panel, std::int64_t k_part) const;

  Shape shape_;
  const TileKernel* kernel_;
  int threads_;
  Blocking blocking_;
  WorkShares shares_;
  std::vector<AlignedBuffer> sums_;  ///< One a thread: a tile's, or with several blocks of K a band's.
  AlignedBuffer part_sums_;          ///< [panel][part of K][M][channels] where K is cut into parts.
  AlignedBuffer zeros_;              ///< What the sums of later parts begin with.
};

}  // namespace qgemm::avx512
