#pragma once
#include "kernels/wgmma/load_operands.cuh"
#include "kernels/wgmma/product.cuh"
#include "kernels/wgmma/store_tile.cuh"

namespace qgemm::kernels::wgmma {

/// A warpgroup's sums over its steps of K: all of them, or every `Design::groups`-th.
template <class Design>
__device__ __forceinline__ void multiply_tile(typename Design::Sum (&sums)[Design::blocks][Design::columns / 2],
                                              Ring<Design>& ring, int group, int steps, int release_at) {
  const int row_group = Design::row_groups == 1 ? 0 : group;
  const std::uint64_t rows = descriptor(ring.base + static_cast<std::uint32_t>(row_group * Design::blocks * 64 * 128));
  const std::uint64_t columns = descriptor(ring.base + (Design::quantizes ? Design::codes_offset : Design::rows_bytes));
  const auto release = [&](int stage) {
    if constexpr (Design::shares) {
      if (release_at >= 0) arrive_at(ring.empty(stage), static_cast<std::uint32_t>(release_at));
    } else {
      if (release_at >= 0) arrive(ring.empty(stage));
    }
  };
  constexpr int stride = Design::turns ? Design::groups : 1;
  // So many steps stay in flight while the next is prepared: where a step takes the tensor cores longer than the
  // preparation, one is enough; and each more holds a stage back, of which there are few where they are deep.
  constexpr int in_flight =
      Design::blocks * Design::columns >= 192 || Design::depth > 1 || Design::stages <= 2 * stride ? 1 : 2;
  static_assert(Design::stages > stride * in_flight);
  int unreleased = 0, accumulate = 0, last = 0;
  const auto release_oldest = [&] {
    const int stage = last - stride * unreleased;
    release(stage < 0 ? stage + Design::stages : stage);
  };
  if constexpr (Design::turns) {
#pragma unroll
    for (int i = 0; i + 1 < Design::groups; ++i) {
      if (i < group) ring.advance();
    }
  }
#pragma unroll 1  // each more is instructions to fetch before the first is run
  for (int step = Design::turns ? group : 0; step < steps; step += stride) {
    wait_for(ring.full(ring.stage), ring.parity);
    const std::uint64_t offset = static_cast<std::uint64_t>(ring.stage * (Design::stage_bytes >> 4));
    const std::uint64_t columns_offset =
        Design::quantizes ? static_cast<std::uint64_t>(step * (Design::columns_box * Design::depth >> 4)) : offset;
    fence_sums();
#pragma unroll
    for (int part = 0; part < 4 * Design::depth; ++part) {
      const int box = part / 4, inside = 2 * (part % 4);
#pragma unroll
      for (int b = 0; b < Design::blocks; ++b) {
        Product<Design::columns>::multiply(sums[b], rows + offset + (Design::rows_box >> 4) * box + inside + 512 * b,
                                           columns + columns_offset + (Design::columns_box >> 4) * box + inside,
                                           part == 0 ? accumulate : 1);
      }
    }
    accumulate = 1;
    commit_products();
    wait_for_products<in_flight>();
    last = ring.stage;
    if (unreleased == in_flight) {
      release_oldest();
    } else {
      ++unreleased;
    }
#pragma unroll
    for (int i = 0; i < stride; ++i) ring.advance();
  }
  // The other group's turn: it must not look at a barrier that is a phase behind.
  if constexpr (Design::alternates) arrive_for(1 - group);
  wait_for_products<0>();
  for (; unreleased > 0;) {
    --unreleased;
    release_oldest();
  }
}

template <class Design, bool full>
__global__ void __launch_bounds__(Design::threads, Design::residents) multiply(const __grid_constant__ Parameters p) {
  using Sum = typename Design::Sum;
  extern __shared__ __align__(1024) std::uint8_t shared[];
  const std::uint32_t base = shared_address(shared);
  Ring<Design> ring(base);
  const int rank = Design::cluster > 1 ? static_cast<int>(cluster_rank()) : 0;
  const Seat<Design> seat(rank);
  const int warp = __shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x / 32), 0), group = warp / 4 - 1;
  const int first_tile = static_cast<int>(blockIdx.x) / Design::cluster;
  const int tile_stride = static_cast<int>(gridDim.x) / Design::cluster;
  const int first_step = p.steps * seat.part / Design::split, end_step = p.steps * (seat.part + 1) / Design::split;

  if (warp == 0 && elected()) {
#pragma unroll
    for (int s = 0; s < Design::stages; ++s) {
      init_barrier(ring.full(s), 1);
      init_barrier(ring.empty(s), Design::readers * Design::neighbours);
    }
    if constexpr (Design::quantizes) {
      init_barrier(ring.tokens(), 1);
      init_barrier(ring.quantized(), 1);
    }
    if constexpr (Design::split > 1) {
      init_barrier(ring.gathered(), 1);
      arrive_expecting(ring.gathered(), Design::gathered_bytes);
    }
    publish_barriers();
  }
  if (threadIdx.x == 32) {
    prefetch_map(&p.row_map);
    if constexpr (!Design::quantizes) {
      prefetch_map(&p.column_map);
      prefetch_map(&p.last_map);
    }
  }
  __syncwarp();
  if constexpr (Design::cluster > 1) arrive_at_cluster();
  if constexpr (Design::shares) {
    wait_for_cluster();  // others load into this block
  } else if (group < 0) {
    arrive_at_block<Design::threads>();  // who loads need not wait for the others
  } else {
    sync_block<Design::threads>();
  }

  if (group < 0) {
    if constexpr (Design::moves_registers) give_registers<Design::left_registers>();
    // (Elected here, so that the compiler knows it to be one thread: else each load is a loop over those that might
    // be.)
    if (warp == 0 && elected()) {
      load_operands<Design>(p, ring, seat, first_tile, tile_stride, first_step, end_step);
    }
    __syncwarp();
    if constexpr (Design::split > 1) {
      if constexpr (!Design::shares) wait_for_cluster();
      if constexpr (Design::gathers_in_stages) {
        arrive_at_cluster();
        wait_for_cluster();
      }
      arrive_at_cluster();
      wait_for_cluster();
    }
  } else {
    if constexpr (Design::moves_registers) take_registers<Design::taken_registers>();
    const int thread = static_cast<int>(threadIdx.x % 128);
    const int row_group = Design::row_groups == 1 ? 0 : group, storer = Design::storers == 1 ? 0 : group;
    // One thread a neighbour tells it that this warpgroup has read a stage.
    int release_at = -1;
    if (thread % 16 == 0 && thread / 16 < Design::neighbours) {
      const int i = thread / 16;
      release_at = i < Design::cluster_columns
                       ? Seat<Design>::rank(seat.part, seat.row, i)
                       : Seat<Design>::rank(
                             seat.part, i - Design::cluster_columns + (i - Design::cluster_columns >= seat.row ? 1 : 0),
                             seat.column);
    }
    const std::uint32_t boxes =
        base + Design::store_offset + static_cast<std::uint32_t>(storer * 2 * Design::box_bytes);
    auto* shared_scales = reinterpret_cast<float*>(shared + Design::scale_offset) + storer * Design::finished;
    auto* token_scales = reinterpret_cast<float*>(shared + Design::token_offset);
    if constexpr (Design::quantizes) {
      const auto* tokens = shared + Design::first_token_stage * Design::stage_bytes;
      TokenQuantizer<Design> quantizer(p.tokens, tokens, 4 * group + thread / 32);
      wait_for(ring.tokens(), 0);
      quantizer.run(base + Design::codes_offset, token_scales, reinterpret_cast<int*>(token_scales + Design::columns),
                    first_step, end_step);
      if (group == 0 && thread == 0) arrive(ring.quantized());
    }
    if (p.overlaps) wait_for_predecessor();  // the scales are its results
    // Where groups take turns, each passes over the stages of the other's tile.
    const int skipped_rounds = p.steps / Design::stages, skipped_stages = p.steps - skipped_rounds * Design::stages;
    bool theirs = group == 0;
    if (Design::alternates && group == 1) arrive_for(0);
    for (int tile = first_tile; tile < p.schedule.tiles(); tile += tile_stride) {
      if constexpr (Design::alternates) {
        theirs = !theirs;
        if (theirs) {
          ring.skip(skipped_rounds, skipped_stages);
          continue;
        }
      }
      const auto place = p.schedule.place(tile);
      const int row = (place.row * Design::cluster_rows + seat.row) * Design::rows + row_group * Design::blocks * 64;
      const int column = (place.column * Design::cluster_columns + seat.column) * Design::columns +
                         (Design::split > 1 ? seat.part * Design::finished : 0);
      const TileScales<Design, full> scales(p.how, row, column, token_scales);
      Sum sums[Design::blocks][Design::columns / 2];
      if constexpr (Design::alternates) wait_for_turn(group);
      multiply_tile<Design>(sums, ring, group, end_step - first_step, release_at);
      if constexpr (!Design::gathers) {
        store_tile<Design, full>(sums, scales, p.how, &p.result_map, row, column, boxes, shared_scales, group);
      } else {
        // There is one tile a cluster. Each block finishes some columns of it: sums of all parts meet there.
        constexpr int each = Design::finished / 2;
        const bool none = Design::turns ? end_step - first_step <= group : end_step == first_step;
        // A thread's four sums of a block's columns 8·j … are 16 bytes, those of a warpgroup's threads follow one
        // another.
        constexpr int quads = each / 4;
        const auto slot = [&](int part, int b, int quad) {
          const int index =
              ((part * Design::blocks + b) * quads + quad) * (Design::row_groups * 128) + row_group * 128 + thread;
          return Design::gathered_offset + 16 * index;
        };
        if constexpr (Design::split > 1 && !Design::shares) wait_for_cluster();  // all blocks have started
        if constexpr (Design::gathers_in_stages) {
          if constexpr (Design::split > 1) {
            arrive_at_cluster();  // and have read what they loaded
            wait_for_cluster();
          } else {
            sync_groups<Design::groups>();
          }
        }
        const int part = Design::turns ? seat.part * Design::groups + group : seat.part;
#pragma unroll
        for (int b = 0; b < Design::blocks; ++b) {
#pragma unroll
          for (int quad = 0; quad < Design::columns / 8; ++quad) {
            uint4 words{};
            const auto word = [&](int i) {
              const Sum value = none ? Sum(0) : sums[b][4 * quad + i];
              return reinterpret_cast<const std::uint32_t&>(value);
            };
            words = {word(0), word(1), word(2), word(3)};
            const int at = slot(part, b, quad % quads);
            if constexpr (Design::split > 1) {
              const auto to = static_cast<std::uint32_t>(Seat<Design>::rank(quad / quads, seat.row, seat.column));
              send(address_at(base + static_cast<std::uint32_t>(at), to), address_at(ring.gathered(), to), words.x,
                   words.y, words.z, words.w);
            } else {
              *reinterpret_cast<uint4*>(shared + at) = words;
            }
          }
        }
        const bool finishes = seat.part * Design::finished < Design::columns && (!Design::turns || group == 0);
        if constexpr (Design::split > 1) {
          if (finishes) wait_for(ring.gathered(), 0);
          arrive_at_cluster();  // what was sent to this block is there
        } else {
          sync_groups<Design::groups>();
        }
        if (finishes) {
          Sum whole[Design::blocks][each];
#pragma unroll
          for (int b = 0; b < Design::blocks; ++b) {
#pragma unroll
            for (int quad = 0; quad < quads; ++quad) {
#pragma unroll
              for (int from = 0; from < Design::parts; ++from) {
                const uint4 words = *reinterpret_cast<const uint4*>(shared + slot(from, b, quad));
                const std::uint32_t all[] = {words.x, words.y, words.z, words.w};
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                  const auto& value = reinterpret_cast<const Sum&>(all[i]);
                  auto& sum = whole[b][4 * quad + i];
                  sum = from == 0 ? value : sum + value;
                }
              }
            }
          }
          store_tile<Design, full>(whole, scales, p.how, &p.result_map, row, column, boxes, shared_scales, group);
        }
      }
    }
    if (Design::swapped ? thread == 0 : thread % 32 == 0) wait_for_stores<0>();
  }
  // Nobody leaves while another may still write into his shared memory, or before what he sent has arrived.
  if constexpr (Design::split > 1) {
    if (group >= 0) wait_for_cluster();
  } else if constexpr (Design::shares) {
    arrive_at_cluster();
    wait_for_cluster();
  }
}

}  // namespace qgemm::kernels::wgmma
