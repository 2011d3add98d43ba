#pragma once
#include "kernels/wgmma/design.cuh"
#include "kernels/wgmma/product.cuh"
#include "kernels/wgmma/schedule.cuh"
#include "kernels/wgmma/store_tile.cuh"

namespace qgemm::kernels::wgmma {

struct Parameters {
  CUtensorMap row_map, column_map;  ///< The operands: the tensor cores' rows and columns.
  CUtensorMap last_map;             ///< The tokens of the last tile along M, which may be fewer.
  int last_tile = -1;               ///< That tile's row or column; −1: it has as many as the others.
  std::uint32_t last_bytes = 0;     ///< What a stage of it gets.
  CUtensorMap result_map;
  Dequantize how;
  Schedule schedule;
  int steps = 0;          ///< ⌈K/step_k⌉
  bool overlaps = false;  ///< The kernel before this one may still be at work on the activations.
};

/// Where a block is in its cluster.
template <class Design>
struct Seat {
  int part, row, column;  ///< Of K; of the cluster's tiles.

  __device__ __forceinline__ explicit Seat(int rank)
      : part(rank / (Design::cluster_rows * Design::cluster_columns)),
        row(rank / Design::cluster_columns % Design::cluster_rows),
        column(rank % Design::cluster_columns) {}
  static __device__ __forceinline__ int rank(int part, int row, int column) {
    return (part * Design::cluster_rows + row) * Design::cluster_columns + column;
  }
};

/// The ring of stages, as its loader and its readers walk it.
template <class Design>
struct Ring {
  std::uint32_t base, barriers;
  int stage = 0;
  std::uint32_t parity = 0;

  __device__ __forceinline__ explicit Ring(std::uint32_t shared)
      : base(shared), barriers(shared + Design::barrier_offset) {}
  __device__ __forceinline__ std::uint32_t full(int s) const { return barriers + static_cast<std::uint32_t>(8 * s); }
  __device__ __forceinline__ std::uint32_t empty(int s) const { return full(Design::stages + s); }
  /// Counts the partial sums that other blocks send.
  __device__ __forceinline__ std::uint32_t gathered() const { return full(2 * Design::stages); }
  __device__ __forceinline__ std::uint32_t rows(int s) const {
    return base + static_cast<std::uint32_t>(s * Design::stage_bytes);
  }
  __device__ __forceinline__ std::uint32_t columns(int s) const { return rows(s) + Design::rows_bytes; }
  __device__ __forceinline__ void advance() {
    if (++stage == Design::stages) {
      stage = 0;
      parity ^= 1;
    }
  }
  __device__ __forceinline__ void skip(int rounds, int stages) {
    stage += stages;
    parity ^= static_cast<std::uint32_t>(rounds) & 1U;
    if (stage >= Design::stages) {
      stage -= Design::stages;
      parity ^= 1;
    }
  }
};

/// One thread has all operands of this block's tiles loaded.
template <class Design>
__device__ __forceinline__ void load_operands(const Parameters& p, Ring<Design> ring, const Seat<Design>& seat,
                                              int first_tile, int tile_stride, int first_step, int end_step) {
  const auto rows_mask = [&] {  // those that have my rows
    unsigned mask = 0;
    for (int c = 0; c < Design::cluster_columns; ++c) mask |= 1U << Seat<Design>::rank(seat.part, seat.row, c);
    return static_cast<std::uint16_t>(mask);
  }();
  const auto columns_mask = [&] {
    unsigned mask = 0;
    for (int r = 0; r < Design::cluster_rows; ++r) mask |= 1U << Seat<Design>::rank(seat.part, r, seat.column);
    return static_cast<std::uint16_t>(mask);
  }();
  // What lies past the last token is not asked for: to fill it with zeros takes the copy engine longer than to read
  // it. Whatever the stage holds there ends in rows of D that nobody stores.
  const auto is_last = [&](const Schedule::Place& place) {
    return !Design::shares && (Design::swapped ? place.column : place.row) == p.last_tile;
  };
  const auto load_rows = [&](int stage, int step, const Schedule::Place& place) {
    const int tile_row = place.row;
    const std::uint32_t to = ring.rows(stage) + static_cast<std::uint32_t>(seat.column * Design::loaded_rows * 128);
    const int y = (tile_row * Design::cluster_rows + seat.row) * Design::rows + seat.column * Design::loaded_rows;
    const auto* map = !Design::swapped && is_last(place) ? &p.last_map : &p.row_map;
#pragma unroll
    for (int box = 0; box < Design::depth; ++box) {
      const int x = step * Design::step_k + box * Design::box_k;
      if constexpr (Design::cluster_columns > 1) {
        load_box(to + box * Design::rows_box, &p.row_map, x, y, ring.full(stage), rows_mask);
      } else {
        load_box(to + box * Design::rows_box, map, x, y, ring.full(stage));
      }
    }
  };
  const auto load_columns = [&](int stage, int step, const Schedule::Place& place) {
    const int tile_column = place.column;
    const std::uint32_t to = ring.columns(stage) + static_cast<std::uint32_t>(seat.row * Design::loaded_columns * 128);
    const int y =
        (tile_column * Design::cluster_columns + seat.column) * Design::columns + seat.row * Design::loaded_columns;
    const auto* map = Design::swapped && is_last(place) ? &p.last_map : &p.column_map;
#pragma unroll
    for (int box = 0; box < Design::depth; ++box) {
      const int x = step * Design::step_k + box * Design::box_k;
      if constexpr (Design::cluster_rows > 1) {
        load_box(to + box * Design::columns_box, &p.column_map, x, y, ring.full(stage), columns_mask);
      } else {
        load_box(to + box * Design::columns_box, map, x, y, ring.full(stage));
      }
    }
  };

  int primed = 0;
  if (p.overlaps && first_tile < p.schedule.tiles()) {
    // The weights do not depend on the kernel before this one, which may still be quantizing the activations.
    const auto place = p.schedule.place(first_tile);
    primed = min(Design::stages, end_step - first_step);
#pragma unroll 1
    for (int i = 0; i < primed; ++i) {
      arrive_expecting(ring.full(i), is_last(place) ? p.last_bytes : Design::stage_bytes);
      if constexpr (Design::swapped) {
        load_rows(i, first_step + i, place);
      } else {
        load_columns(i, first_step + i, place);
      }
    }
    wait_for_predecessor();
#pragma unroll 1
    for (int i = 0; i < primed; ++i) {
      if constexpr (Design::swapped) {
        load_columns(i, first_step + i, place);
      } else {
        load_rows(i, first_step + i, place);
      }
    }
    ring.stage = primed % Design::stages;
    ring.parity = primed == Design::stages ? 1 : 0;
  }
  for (int tile = first_tile; tile < p.schedule.tiles(); tile += tile_stride) {
    const auto place = p.schedule.place(tile);
    const std::uint32_t bytes = is_last(place) ? p.last_bytes : Design::stage_bytes;
#pragma unroll 1
    for (int step = first_step + primed; step < end_step; ++step) {
      wait_for(ring.empty(ring.stage), ring.parity ^ 1U);
      arrive_expecting(ring.full(ring.stage), bytes);
      load_rows(ring.stage, step, place);
      load_columns(ring.stage, step, place);
      ring.advance();
    }
    primed = 0;
  }
}

/// A warpgroup's sums over its steps of K: all of them, or every `Design::groups`-th.
template <class Design>
__device__ __forceinline__ void multiply_tile(typename Design::Sum (&sums)[Design::blocks][Design::columns / 2],
                                              Ring<Design>& ring, int group, int steps, int release_at) {
  const int row_group = Design::row_groups == 1 ? 0 : group;
  const std::uint64_t rows = descriptor(ring.base + static_cast<std::uint32_t>(row_group * Design::blocks * 64 * 128));
  const std::uint64_t columns = descriptor(ring.base + Design::rows_bytes);
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
    fence_sums();
#pragma unroll
    for (int part = 0; part < 4 * Design::depth; ++part) {
      const int box = part / 4, inside = 2 * (part % 4);
#pragma unroll
      for (int b = 0; b < Design::blocks; ++b) {
        Product<Design::columns>::multiply(sums[b], rows + offset + (Design::rows_box >> 4) * box + inside + 512 * b,
                                           columns + offset + (Design::columns_box >> 4) * box + inside,
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
  const int group = __shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x / 128), 0) - 1;
  const int first_tile = static_cast<int>(blockIdx.x) / Design::cluster;
  const int tile_stride = static_cast<int>(gridDim.x) / Design::cluster;
  const int first_step = p.steps * seat.part / Design::split, end_step = p.steps * (seat.part + 1) / Design::split;

  const bool loads = threadIdx.x < 32 && elected();
  if (loads) {
#pragma unroll
    for (int s = 0; s < Design::stages; ++s) {
      init_barrier(ring.full(s), 1);
      init_barrier(ring.empty(s), Design::readers * Design::neighbours);
    }
    if constexpr (Design::split > 1) {
      init_barrier(ring.gathered(), 1);
      arrive_expecting(ring.gathered(), Design::gathered_bytes);
    }
    publish_barriers();
  }
  if (threadIdx.x == 32) {
    prefetch_map(&p.row_map);
    prefetch_map(&p.column_map);
    prefetch_map(&p.last_map);
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
    if (loads) {
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
      const TileScales<Design, full> scales(p.how, row, column);
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
