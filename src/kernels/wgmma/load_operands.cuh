#pragma once
#include "kernels/wgmma/ring.cuh"

namespace qgemm::kernels::wgmma {

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
  const std::uint64_t weights_policy = l2_policy(p.streams_weights), tokens_policy = l2_policy(false);
  const std::uint64_t rows_policy = Design::swapped ? weights_policy : tokens_policy;
  const std::uint64_t columns_policy = Design::swapped ? tokens_policy : weights_policy;
  const auto load_rows = [&](int stage, int step, const Schedule::Place& place) {
    const int tile_row = place.row;
    const std::uint32_t to = ring.rows(stage) + static_cast<std::uint32_t>(seat.column * Design::loaded_rows * 128);
    const int y = (tile_row * Design::cluster_rows + seat.row) * Design::rows + seat.column * Design::loaded_rows;
    const auto* map = !Design::swapped && is_last(place) ? &p.last_map : &p.row_map;
#pragma unroll
    for (int box = 0; box < Design::depth; ++box) {
      const int x = step * Design::step_k + box * Design::box_k;
      if constexpr (Design::cluster_columns > 1) {
        load_box(to + box * Design::rows_box, &p.row_map, x, y, ring.full(stage), rows_policy, rows_mask);
      } else {
        load_box(to + box * Design::rows_box, map, x, y, ring.full(stage), rows_policy);
      }
    }
  };
  const auto load_columns = [&](int stage, int step, const Schedule::Place& place) {
    if constexpr (Design::quantizes) return;
    const int tile_column = place.column;
    const std::uint32_t to = ring.columns(stage) + static_cast<std::uint32_t>(seat.row * Design::loaded_columns * 128);
    const int y =
        (tile_column * Design::cluster_columns + seat.column) * Design::columns + seat.row * Design::loaded_columns;
    const auto* map = Design::swapped && is_last(place) ? &p.last_map : &p.column_map;
#pragma unroll
    for (int box = 0; box < Design::depth; ++box) {
      const int x = step * Design::step_k + box * Design::box_k;
      if constexpr (Design::cluster_rows > 1) {
        load_box(to + box * Design::columns_box, &p.column_map, x, y, ring.full(stage), columns_policy, columns_mask);
      } else {
        load_box(to + box * Design::columns_box, map, x, y, ring.full(stage), columns_policy);
      }
    }
  };

  [[maybe_unused]] bool tokens_wait = Design::quantizes;
  if constexpr (Design::quantizes) load_tokens(p.tokens, ring.rows(Design::first_token_stage), ring.tokens());
  int primed = 0;
  if (p.overlaps && first_tile < p.schedule.tiles()) {
    // The weights do not depend on the kernel before this one, which may still be quantizing the activations.
    const auto place = p.schedule.place(first_tile);
    primed = min(Design::primed_stages, end_step - first_step);
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
      if constexpr (Design::quantizes) {
        if (tokens_wait && ring.stage == Design::first_token_stage) {
          wait_for(ring.quantized(), 0);
          tokens_wait = false;
        }
      }
      arrive_expecting(ring.full(ring.stage), bytes);
      load_rows(ring.stage, step, place);
      load_columns(ring.stage, step, place);
      ring.advance();
    }
    primed = 0;
  }
}

}  // namespace qgemm::kernels::wgmma
