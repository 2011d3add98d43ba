#pragma once
#include <cuda_fp8.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/scaled_gemm.hpp"

namespace qgemm::kernels::wgmma {

using S8 = std::int8_t;
using E4M3 = __nv_fp8_e4m3;

enum class Work { rows, steps, tiles };

/// A configuration. The tensor cores multiply tiles of `rows` × `columns`: rows of A and columns of W's rows, or, where
/// `swapped`, rows of W and columns of A's rows (Dᵀ = W·Aᵀ), so that a few tokens do not waste the 64 rows that an
/// instruction has.
///
/// groups: warpgroups that multiply; each has `blocks` blocks of 64 rows. One more warpgroup loads.
/// work: how groups share it. `rows`: each has rows of the tile; `steps`: they take turns on steps of K, all on the
/// same rows, since a few columns keep one group waiting for its own products most of the time; `tiles`: they take
/// turns on tiles, and one scales and stores while the other multiplies. cluster_rows × cluster_columns: blocks that
/// load what they share once, each its part, for all. split: blocks of a cluster that share a tile along K; their sums
/// meet in shared memory. residents: blocks a multiprocessor. depth: boxes of 128 bytes of K in a stage; where a tile
/// is so small that its products take less time than the barriers around them, two of them halve these. quantized_k: 0,
/// or for how much K (of a part) there is room for the codes of one tile of tokens, which each block then quantizes for
/// itself while its first weights are on their way.
template <class Input_, int groups_, int blocks_, int columns_, int cluster_rows_ = 1, int cluster_columns_ = 1,
          int split_ = 1, bool swapped_ = false, int residents_ = 1, Work work_ = Work::rows, int depth_ = 1,
          int quantized_k_ = 0>
struct Design {
  using Input = Input_;
  static constexpr bool integer = std::is_same_v<Input, S8>;
  using Sum = std::conditional_t<integer, std::int32_t, float>;
  static constexpr int groups = groups_, blocks = blocks_, columns = columns_;
  static constexpr int cluster_rows = cluster_rows_, cluster_columns = cluster_columns_, split = split_;
  static constexpr bool swapped = swapped_;
  static constexpr int residents = residents_, depth = depth_;
  static constexpr int quantized_k = quantized_k_;
  static constexpr bool quantizes = quantized_k > 0;

  static constexpr bool turns = work_ == Work::steps, alternates = work_ == Work::tiles;
  static constexpr int row_groups = work_ == Work::rows ? groups : 1;  ///< Groups that share a tile's rows.
  static constexpr int readers = row_groups;                           ///< Groups that read a stage.
  static constexpr int storers = alternates ? groups : row_groups;  ///< Groups that store, each from boxes of its own.
  static constexpr int parts = split * (turns ? groups : 1);        ///< Partial sums of an element.

  static constexpr int rows = 64 * row_groups * blocks;
  static constexpr int threads = 128 * (groups + 1);
  static constexpr int cluster = cluster_rows * cluster_columns * split;
  /// Blocks that a block gives operands to or gets them from, itself among them.
  static constexpr int neighbours = cluster_rows + cluster_columns - 1;
  static constexpr bool shares = neighbours > 1;
  static_assert(cluster <= 8, "larger clusters are not portable");
  static_assert(!quantizes || (swapped && !shares && !alternates), "tokens are the columns, and each block has all");

  /// What a block loads at a time: boxes of 128 bytes of K, the widest swizzle; one after the other in a stage.
  static constexpr int box_k = 128, step_k = box_k * depth;
  static constexpr int rows_box = rows * box_k, columns_box = columns * box_k;
  static constexpr int rows_bytes = rows_box * depth, columns_bytes = quantizes ? 0 : columns_box * depth;
  /// Codes of a block's own: boxes of columns as in stages, all of a part's K.
  static constexpr int codes_bytes = columns * quantized_k;
  static_assert(quantized_k % step_k == 0 && codes_bytes % 1024 == 0);
  static constexpr int stage_bytes = rows_bytes + columns_bytes;
  static constexpr int loaded_rows = rows / cluster_columns, loaded_columns = columns / cluster_rows;
  static_assert(loaded_rows % 8 == 0 && loaded_columns % 8 == 0, "a swizzle repeats every eight rows");
  static_assert(loaded_rows <= 256 && loaded_columns <= 256, "a box has at most 256 rows");

  /// Columns of the tile whose sums end in one block of those that split K.
  static constexpr int finished = std::max(8, columns / split);
  static constexpr bool gathers = parts > 1;
  static_assert(columns % finished == 0 && finished % 8 == 0);
  /// D leaves in boxes: 64 rows × `chunk` columns of the tile. Columns are along D's rows, in 32, 64 or 128 bytes, or,
  /// where `swapped`, down them: any multiple of eight is well then, and each box is a meeting of the warpgroup.
  static constexpr int widest_box(int most) {
    while (finished % most != 0) most -= 8;
    return most;
  }
  static constexpr int chunk = swapped ? widest_box(std::min(finished, 88))
                                       : (finished % 64 == 0   ? 64
                                          : finished % 32 == 0 ? 32
                                                               : 16);
  static_assert(finished % chunk == 0 && chunk >= (swapped ? 8 : 16));
  static constexpr int box_bytes = 64 * chunk * 2;
  static constexpr int store_bytes = (storers * 2 * box_bytes + 1023) / 1024 * 1024;
  /// A warp stores its own 16 rows; where rows are channels, in D's other direction, a warpgroup has to join.
  static constexpr int stored_rows = swapped ? 64 : 16;

  /// Sums of the other blocks: beside the stages where there is room, else in their place when they were read.
  static constexpr int gathered_bytes = gathers ? rows * finished * parts * 4 : 0;
  static constexpr bool gathers_in_stages = gathered_bytes > 16 * 1024;

  static constexpr int barrier_bytes = 8 * (2 * 31 + 3);  ///< Two a stage, at most 31 of them; `Ring` names the others.
  static constexpr int scale_bytes = storers * finished * 4;  ///< The columns' scales, a copy a warpgroup.
  static constexpr int token_bytes = quantizes ? (columns + 4 * groups) * 4 : 0;  ///< Their own; the warps' extents.
  static constexpr int shared_limit = residents == 1 ? 232448 : 233472 / residents - 1024;
  static constexpr int beside_stages =
      codes_bytes + store_bytes + barrier_bytes + scale_bytes + token_bytes + (gathers_in_stages ? 0 : gathered_bytes);
  /// Where groups take turns on steps, a stage is always the same group's: a barrier's parity does not tell a phase
  /// that has not begun from the one before the last.
  static constexpr int fitting_stages = std::min(31, (shared_limit - beside_stages) / stage_bytes);
  static constexpr int stages = turns ? fitting_stages / groups * groups : fitting_stages;
  static_assert(stages >= 3);
  static_assert(!gathers_in_stages || stages * stage_bytes >= gathered_bytes);
  /// Tokens to be quantized wait in the last stages, which weights then get later.
  static constexpr int token_stages = quantizes ? stages / 2 : 0, first_token_stage = stages - token_stages;
  static constexpr int most_token_bytes = token_stages * stage_bytes;
  static constexpr int codes_offset = stages * stage_bytes;
  static constexpr int store_offset = codes_offset + codes_bytes;
  static constexpr int gathered_offset = gathers_in_stages ? 0 : store_offset + store_bytes;
  static constexpr int scale_offset = store_offset + store_bytes + (gathers_in_stages ? 0 : gathered_bytes);
  static constexpr int token_offset = scale_offset + scale_bytes;
  static constexpr int barrier_offset = (token_offset + token_bytes + 7) / 8 * 8;
  static constexpr int shared_bytes = barrier_offset + barrier_bytes;

  /// A kernel that starts beside the quantization asks for the weights of so many stages before it waits for the
  /// tokens: what the multiprocessor gets meanwhile. More would stand between the tokens and their products, since the
  /// copy engine answers in order.
  static constexpr int weights_bytes = swapped ? rows_bytes : columns_bytes;
  static constexpr int primed_stages = quantizes ? 0 : std::clamp(48 * 1024 / weights_bytes, 1, stages);

  /// Registers go from the warpgroup that loads to those that multiply, where these need more than an even share.
  static constexpr int sums_each = blocks * columns / 2;
  static constexpr bool moves_registers = residents == 1 && groups >= 2 && sums_each >= 64;
  static constexpr int taken_registers = groups == 2 ? 232 : 160, left_registers = groups == 2 ? 40 : 32;

  static KernelTraits traits(DType output) {
    KernelTraits traits;
    const auto x = [](int first, int second) { return std::to_string(first) + "x" + std::to_string(second); };
    traits.name = std::string("sm90_wgmma_") + (integer ? "s8_" : "e4m3_") + x(rows, columns) + "_" +
                  x(cluster_rows, cluster_columns) + (blocks > 1 ? "_b" + std::to_string(blocks) : "") +
                  (split > 1 ? "_k" + std::to_string(split) : "") + (turns ? "_t" + std::to_string(groups) : "") +
                  (alternates ? "_pingpong" : "") + (depth > 1 ? "_d" + std::to_string(depth) : "") +
                  (residents > 1 ? "_r" + std::to_string(residents) : "") +
                  (quantizes ? "_q" + std::to_string(quantized_k) : "") + (swapped ? "_swap" : "");
    traits.input = integer ? DType::s8 : DType::e4m3;
    traits.output = output;
    traits.min_capability = 90;
    traits.only_this_family = true;
    traits.tile_m = swapped ? columns : rows;
    traits.tile_n = swapped ? rows : columns;
    traits.tile_k = step_k;
    traits.cluster_m = swapped ? cluster_columns : cluster_rows;
    traits.cluster_n = swapped ? cluster_rows : cluster_columns;
    traits.swapped = swapped;
    traits.split = split;
    traits.residents = residents;
    traits.turns = turns ? groups : 1;
    traits.alternates = alternates;
    traits.overlaps = !quantizes;
    traits.streams_weights = true;
    traits.quantized_k = std::int64_t{split} * quantized_k;
    traits.quantized_elements = most_token_bytes / 2;
    traits.orders_tiles = residents == 1 && !gathers;
    return traits;
  }
};

/// A tile of 64·groups·blocks × columns whose blocks stay and go on to the next.
template <class Input, int groups, int blocks, int columns, int cluster_rows = 1, int cluster_columns = 1,
          int split = 1>
using Tile = Design<Input, groups, blocks, columns, cluster_rows, cluster_columns, split>;

/// A tile of 64·blocks × columns; one group multiplies while the other stores.
template <class Input, int blocks, int columns, int cluster_rows = 1, int cluster_columns = 1>
using Alternating = Design<Input, 2, blocks, columns, cluster_rows, cluster_columns, 1, false, 1, Work::tiles>;

/// 64 channels × some tokens, K split over a cluster and two groups.
template <class Input, int columns, int split, int residents, int depth = 1>
using Small = Design<Input, 2, 1, columns, 1, 1, split, true, residents, Work::steps, depth>;

/// 128 channels × some tokens.
template <class Input, int columns>
using Flat = Design<Input, 2, 1, columns, 1, 1, 1, true>;
template <class Input, int columns>
using AlternatingFlat = Design<Input, 2, 2, columns, 1, 1, 1, true, 1, Work::tiles>;

/// 64 channels × some tokens; blocks stay and go on to the next tile, whose weights were asked for before.
template <class Input, int columns, int residents, int depth = 1>
using Staying = Design<Input, 1, 1, columns, 1, 1, 1, true, residents, Work::rows, depth>;

/// The same for tokens that it quantizes.
template <class Input, int columns, int split, int residents, int depth, int quantized_k>
using QuantizingSmall = Design<Input, 2, 1, columns, 1, 1, split, true, residents, Work::steps, depth, quantized_k>;
template <class Input, int columns, int residents, int depth, int quantized_k>
using QuantizingStaying = Design<Input, 1, 1, columns, 1, 1, 1, true, residents, Work::rows, depth, quantized_k>;

/// 64 tokens × some channels, by one group.
template <class Input, int columns, int depth = 1>
using Narrow = Design<Input, 1, 1, columns, 1, 1, 1, false, 1, Work::rows, depth>;

}  // namespace qgemm::kernels::wgmma
