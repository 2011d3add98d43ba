#pragma once
#include "kernels/wgmma/design.cuh"
#include "kernels/wgmma/ptx.cuh"
#include "quantize/cuda/row_pieces.cuh"

namespace qgemm::kernels::wgmma {

/// Activations as bf16, of at most as many tokens as a tile has.
struct Tokens {
  const __nv_bfloat16* x = nullptr;  ///< Row m at x + m·stride; K a multiple of 16.
  std::int64_t stride = 0;
  int count = 0, k = 0;
  bool own_scales = false;            ///< Each by its absmax; else all by `scale` and `azp`.
  const float* scale = nullptr;       ///< One
  const std::int32_t* azp = nullptr;  ///< One, or none (null)
  std::uint32_t* bad_row = nullptr;
};

/// Has the copy engine bring the tokens to `to`, one after the other. By one thread.
inline __device__ void load_tokens(const Tokens& tokens, std::uint32_t to, std::uint32_t barrier) {
  const auto bytes = static_cast<std::uint32_t>(2 * tokens.k);
  arrive_expecting(barrier, bytes * static_cast<std::uint32_t>(tokens.count));
#pragma unroll 1
  for (int token = 0; token < tokens.count; ++token) {
    load_bytes(to + static_cast<std::uint32_t>(token) * bytes, tokens.x + token * tokens.stride, bytes, barrier);
  }
}

/// Quantizes tokens in shared memory, by the warpgroups that multiply. Each block does it for itself: it waits for
/// nobody, and its weights are on their way meanwhile.
///
/// Tokens are shared out among teams of warps, so that one token is everybody's; with more tokens than warps each warp
/// takes one after the other. (A token takes as long as it takes to find its scale, a chain of a thousand cycles:
/// several are worked on at a time, not all warps on one after the other.)
template <class Design>
class TokenQuantizer {
  using In = __nv_bfloat16;
  static constexpr cuda::Code code = Design::integer ? cuda::Code::s8 : cuda::Code::e4m3;
  static constexpr int warps = 4 * Design::groups;

 public:
  /// Asks for the given scale, where there is one. `from`: where `load_tokens` brings the tokens; `warp`: this one
  /// among those that multiply.
  __device__ __forceinline__ TokenQuantizer(const Tokens& tokens, const std::uint8_t* from, int warp)
      : tokens_(tokens), from_(reinterpret_cast<const uint4*>(from)), warp_(warp) {
    while (team_warps_ > 1 && warps / team_warps_ < tokens.count) team_warps_ /= 2;
    inside_ = warp % team_warps_ * 32 + static_cast<int>(threadIdx.x % 32);
    if (!tokens.own_scales) given_ = {__ldg(tokens.scale), tokens.azp == nullptr ? 0 : __ldg(tokens.azp)};
  }

  /// When the tokens are there: writes the codes of K's steps `first_step` … `end_step` to `codes` (an address in
  /// shared memory; zeros past K) and all tokens' scales to `scales`; `extents`: room for one number a warp. The
  /// warpgroups meet at the end.
  __device__ __forceinline__ void run(std::uint32_t codes, float* scales, int* extents, int first_step, int end_step) {
    const int first = first_step * Design::step_k, end = end_step * Design::step_k;
    const int teams = warps / team_warps_, team = warp_ / team_warps_;
#pragma unroll 1
    for (int round = 0; round < tokens_.count; round += teams) {
      const int token = round + team;
      const cuda::Extent extent = token_extent(min(token, tokens_.count - 1), team, extents);
      if (token >= tokens_.count) continue;
      const cuda::RowScale by = scale_of(token, extent, scales);
      const cuda::ExactDivisor divisor(by.scale);
      const auto quotient = [&](float x) { return divisor.template divide<In>(x); };
      const std::uint32_t row = codes + static_cast<std::uint32_t>(token * Design::box_k);
      if (!cuda::is_ordinary<code>(divisor, by)) {
        write(token, row, first, end, [&](const uint4& piece) { return one_by_one(piece, by); });
      } else if (tokens_.own_scales) {
        write(token, row, first, end,
              [&](const uint4& piece) { return cuda::piece_codes<In, code, true>(piece, 0, quotient); });
      } else {
        const cuda::Limits<In> limits(by.scale, false);
        write(token, row, first, end, [&](const uint4& piece) {
          return cuda::piece_codes<In, code, false>(limits.limited(piece), by.azp, quotient);
        });
      }
    }
    publish_shared();  // the tensor cores read what was written here
    sync_groups<Design::groups>();
  }

 private:
  __device__ __forceinline__ const uint4* pieces_of(int token) const { return from_ + token * (tokens_.k / 8); }

  __device__ __forceinline__ cuda::Extent token_extent(int token, int team, int* extents) const {
    cuda::ExtentOf<In, false> seen;
    const uint4* row = pieces_of(token);
    const int count = tokens_.k / 8, step = 32 * team_warps_;
#pragma unroll 4
    for (int piece = inside_; piece < count; piece += step) seen.take(row[piece]);
    cuda::Extent extent = cuda::warp_extent<false>(seen.get());
    if (team_warps_ == 1) return extent;
    // Teams of several warps have one token each at most: this is done once.
    if (threadIdx.x % 32 == 0) extents[warp_] = extent.high;
    sync_groups<Design::groups>();
    for (int i = 0; i < team_warps_; ++i) extent.high = max(extent.high, extents[team * team_warps_ + i]);
    return extent;
  }

  __device__ __forceinline__ cuda::RowScale scale_of(int token, const cuda::Extent& extent, float* scales) const {
    const cuda::RowScale by = tokens_.own_scales ? cuda::scale_of<code, false>(extent) : given_;
    if (inside_ == 0) {
      scales[token] = by.scale;
      if (!cuda::is_finite<false>(extent)) atomicMin(tokens_.bad_row, static_cast<std::uint32_t>(token));
    }
    return by;
  }

  /// Codes one by one, by the definition.
  static __device__ __noinline__ uint2 one_by_one(uint4 piece, cuda::RowScale by) {
    float x[8];
    cuda::Input<In>::unpack(piece, x);
    std::uint32_t words[2] = {};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      words[i / 4] |= static_cast<std::uint32_t>(cuda::one_code<code>(x[i], by)) << (i % 4 * 8);
    }
    return {words[0], words[1]};
  }

  template <class Codes>
  __device__ __forceinline__ void write(int token, std::uint32_t row, int first, int end, const Codes& codes) const {
    const auto put = [&](int k, const uint2& words) {
      const int inside = k - first, box = inside / Design::box_k, unit = inside % Design::box_k / 16;
      const std::uint32_t to =
          row + static_cast<std::uint32_t>(box * Design::columns_box + (unit ^ (token % 8)) * 16 + inside % 16);
      asm volatile("st.shared.v2.b32 [%0], {%1, %2};\n" ::"r"(to), "r"(words.x), "r"(words.y) : "memory");
    };
    const uint4* pieces = pieces_of(token);
    const int step = 8 * 32 * team_warps_, read_end = min(end, tokens_.k);
    int k = first + inside_ * 8;
#pragma unroll 4
    for (; k < read_end; k += step) put(k, codes(pieces[k / 8]));
    // The weights past K are zeros; FP8 codes left from elsewhere might be NaN.
    for (; k < end; k += step) put(k, uint2{});
  }

  const Tokens& tokens_;
  const uint4* from_;
  int warp_, team_warps_ = warps, inside_;
  cuda::RowScale given_{};
};

}  // namespace qgemm::kernels::wgmma
