#pragma once
#include "kernels/wgmma/dequantize.cuh"
#include "kernels/wgmma/ptx.cuh"

namespace qgemm::kernels::wgmma {

/// What a thread needs to scale a tile, asked for before the products so that it is there after them: its rows' scales,
/// and some of the columns', which go through shared memory to whom they concern.
template <class Design, bool full>
class TileScales {
 public:
  using RowSide = Side<!Design::swapped, full>;
  using ColumnSide = Side<Design::swapped, full>;

  /// `row`, `column`: the warpgroup's first, in the product as the tensor cores see it. `token_scales`: those of the
  /// columns in shared memory, where the design has found them itself.
  __device__ __forceinline__ TileScales(const Dequantize& how, int row, int column, const float* token_scales) {
    const int thread = static_cast<int>(threadIdx.x % 128), first = thread / 32 * 16 + thread % 32 / 4;
#pragma unroll
    for (int b = 0; b < Design::blocks; ++b) {
      rows_[b][0] = RowSide::load_scale(how, row + b * 64 + first);
      rows_[b][1] = RowSide::load_scale(how, row + b * 64 + first + 8);
    }
#pragma unroll
    for (int i = 0; i < held; ++i) {
      if (thread + 128 * i >= Design::finished) continue;
      const int at = column + thread + 128 * i;
      if constexpr (Design::quantizes) {
        columns_[i] = token_scales[min(at, how.m - 1)];
      } else {
        columns_[i] = ColumnSide::load_scale(how, at);
      }
    }
  }

  /// Puts the columns' scales into `shared`; the warpgroup has to meet before it reads them.
  __device__ __forceinline__ void publish(float* shared) const {
    const int thread = static_cast<int>(threadIdx.x % 128);
#pragma unroll
    for (int i = 0; i < held; ++i) {
      if (thread + 128 * i < Design::finished) shared[thread + 128 * i] = columns_[i];
    }
  }
  __device__ __forceinline__ float row(int b, int half) const { return rows_[b][half]; }

 private:
  static constexpr int held = (Design::finished + 127) / 128;
  float rows_[Design::blocks][2];
  float columns_[held] = {};
};

/// Scales a warpgroup's sums and writes them to D, through shared memory and by the copy engine. `sums`: of the block's
/// 64 rows b and columns 8·j + {0, 1}: [b][4·j + {0, 1}] in row lane/4 of the warp's 16, [b][4·j + {2, 3}] eight rows
/// further; lane % 4 picks the pair of columns (the instruction's own order). `row`, `column`: of the first of them in
/// the product as the tensor cores see it. `boxes`: two boxes of shared memory; `shared_scales`: room for the columns'.
template <class Design, bool full>
__device__ __forceinline__ void store_tile(const typename Design::Sum (&sums)[Design::blocks][Design::finished / 2],
                                           const TileScales<Design, full>& scales, const Dequantize& how,
                                           const CUtensorMap* map, int row, int column, std::uint32_t boxes,
                                           float* shared_scales, int group) {
  using Scales = TileScales<Design, full>;
  constexpr bool swapped = Design::swapped;
  constexpr int chunk = Design::chunk, pairs = (chunk + 15) / 16;
  const int thread = static_cast<int>(threadIdx.x % 128), lane = thread % 32, warp = thread / 32;
  // Rows of A are whole rows of D, so that a warp stores its own; rows of W are D's columns, 16 of which are too
  // narrow.
  const bool issues = swapped ? thread == 0 : lane == 0;
  const auto meet = [&] {
    if constexpr (swapped) {
      sync_group(group + 1);
    } else {
      __syncwarp();
    }
  };
  scales.publish(shared_scales);
  sync_group(group + 1);
#pragma unroll
  for (int c = 0; c < Design::finished / chunk; ++c) {
#pragma unroll
    for (int b = 0; b < Design::blocks; ++b) {
      const std::uint32_t box = boxes + static_cast<std::uint32_t>((c * Design::blocks + b) % 2 * Design::box_bytes);
      // Two boxes take turns, also from tile to tile where a tile has an even number of them.
      constexpr bool even = Design::finished / chunk * Design::blocks % 2 == 0;
      if (issues) wait_for_stores<even ? 1 : 0>();
      meet();
      const int first_row = row + b * 64 + warp * 16 + lane / 4;
      const typename Scales::RowSide upper(how, first_row, scales.row(b, 0)),
          lower(how, first_row + 8, scales.row(b, 1));
#pragma unroll
      for (int pair = 0; pair < pairs; ++pair) {
        constexpr bool lone = chunk % 16 != 0;
        const bool last_is_lone = lone && pair == pairs - 1;
        std::uint32_t words[4] = {};
#pragma unroll
        for (int side = 0; side < 2; ++side) {
          if (last_is_lone && side == 1) continue;
          const int j = c * (chunk / 8) + 2 * pair + side, inside = 8 * j + 2 * (lane % 4);
          const float2 given = reinterpret_cast<const float2*>(shared_scales)[inside / 2];
          const typename Scales::ColumnSide left(how, column + inside, given.x),
              right(how, column + inside + 1, given.y);
          const auto& s = sums[b];
          const auto value = [&](int i, const auto& row_side, const auto& column_side) {
            if constexpr (swapped) {
              return dequantize<full>(how, s[4 * j + i], column_side, row_side);
            } else {
              return dequantize<full>(how, s[4 * j + i], row_side, column_side);
            }
          };
          words[2 * side] = packed<full>(how, value(0, upper, left), value(1, upper, right));
          words[2 * side + 1] = packed<full>(how, value(2, lower, left), value(3, lower, right));
        }
        // Lanes 8i … 8i+7 give the rows of matrix i: 0 and 1 the upper and lower eight rows of the first eight columns,
        // 2 and 3 those of the next.
        const int matrix = lane / 8, inside = lane % 8;
        std::uint32_t address = 0;
        if constexpr (swapped) {
          // A row of the box is a token: 64 channels in 128 bytes.
          const int token = 8 * (2 * pair + matrix / 2) + inside, unit = 2 * warp + matrix % 2;
          address = box + static_cast<std::uint32_t>(token * 128 + (unit ^ (token % 8)) * 16);
        } else {
          const int at = 16 * warp + 8 * (matrix % 2) + inside, unit = 2 * pair + matrix / 2;
          constexpr int row_bytes = chunk * 2;
          const int twist = row_bytes == 128 ? at % 8 : row_bytes == 64 ? at / 2 % 4 : at / 4 % 2;
          address = box + static_cast<std::uint32_t>(at * row_bytes + (unit ^ twist) * 16);
        }
        if (last_is_lone) {
          store_matrices<swapped>(address, words[0], words[1]);
        } else {
          store_matrices<swapped>(address, words[0], words[1], words[2], words[3]);
        }
      }
      publish_shared();
      meet();
      if (issues) {
        const int r = row + b * 64, n = column + c * chunk;
        if constexpr (swapped) {
          store_box(map, r, n, box);
        } else {
          store_box(map, n, r + 16 * warp, box + static_cast<std::uint32_t>(16 * warp * chunk * 2));
        }
        commit_stores();
      }
    }
  }
}

}  // namespace qgemm::kernels::wgmma
