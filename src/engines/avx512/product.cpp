#include "engines/avx512/product.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace qgemm::avx512 {
namespace {

constexpr std::int64_t cache_line = 64;
constexpr int values_a_line = cache_line / sizeof(std::int32_t);
/// From this size on the activations of a block are not in L2 when their turn comes round again.
constexpr std::int64_t large_activations = std::int64_t{192} << 10U;
/// What a thread fetches before the activations are there.
constexpr std::int64_t early_bytes = 16384;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t sums_bytes(const Blocking& blocking, const TileKernel& kernel) {
  const bool one_block = blocking.blocks() == blocking.k_parts();
  return (one_block ? kernel.rows : blocking.band_rows()) * kernel.channels *
         static_cast<std::int64_t>(sizeof(std::int32_t));
}

std::int64_t part_bytes(const Blocking& blocking, const TileKernel& kernel, std::int64_t m) {
  if (blocking.k_parts() == 1) return 0;
  return blocking.panels() * blocking.k_parts() * m * kernel.channels * static_cast<std::int64_t>(sizeof(std::int32_t));
}

}  // namespace

/// What one call of `run` works on.
struct Product::Call {
  const PackedActivations& a;
  const PackedWeights& w;
  int set;
  const Sink& sink;
  const FusedResult* fused;  ///< Null where the sink takes all.
};

/// A block of K of a unit, on one thread.
struct Product::Block {
  const Blocking::Unit& unit;
  std::int64_t index;
  int thread;
  bool last() const { return index + 1 == unit.blocks.end; }
};

Product::Product(const Shape& shape, const TileKernel& kernel, int threads)
    : shape_(shape),
      kernel_(&kernel),
      threads_(threads),
      blocking_(shape, kernel, threads),
      shares_(threads),
      part_sums_(static_cast<std::size_t>(part_bytes(blocking_, kernel, shape.m))),
      zeros_(static_cast<std::size_t>(kernel.channels) * sizeof(std::int32_t)) {
  for (int thread = 0; thread < threads; ++thread) {
    sums_.emplace_back(static_cast<std::size_t>(sums_bytes(blocking_, kernel)));
  }
  std::memset(zeros_.data(), 0, zeros_.size());
}

std::int64_t Product::working_bytes(const Shape& shape, const TileKernel& kernel, int threads) {
  const Blocking blocking(shape, kernel, threads);
  return sums_bytes(blocking, kernel) * threads + part_bytes(blocking, kernel, shape.m);
}

std::int32_t* Product::part_sums(std::int64_t panel, std::int64_t k_part) const {
  return part_sums_.as<std::int32_t>() + (panel * blocking_.k_parts() + k_part) * shape_.m * kernel_->channels;
}

void Product::run(const PackedActivations& a, const PackedWeights& w, int set, const Preparation& prepare,
                  const Sink& sink, const FusedResult* fused) {
  const bool finishes = kernel_->finishes && blocking_.k_parts() == 1;
  const Call call{a, w, set, sink, finishes ? fused : nullptr};
  shares_.reset(blocking_.units());
  std::atomic<bool> failed{false};
#pragma omp parallel num_threads(threads_)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    if (prepare) {
      // Memory is read from the start, also while the activations are quantized.
      if (const std::int64_t unit = shares_.peek(thread); unit >= 0) {
        const std::int8_t* weights = w.panel(set, blocking_.unit(unit).panel);
        for (std::int64_t i = 0; i < early_bytes; i += cache_line) __builtin_prefetch(weights + i, 0, 2);
      }
      if (!prepare(thread, threads)) failed.store(true, std::memory_order_relaxed);
#pragma omp barrier
    }
    const bool goes_on = !failed.load(std::memory_order_relaxed);
    if (goes_on) multiply(call, thread);
    if (blocking_.k_parts() > 1) {
#pragma omp barrier
      if (goes_on) add_parts(call, thread, threads);
    }
  }
}

const std::int8_t* Product::weights_at(const Call& call, const Blocking::Unit& unit, std::int64_t block) const {
  const std::int64_t before = blocking_.block_chunks(block).first * chunk_values;
  return call.w.panel(call.set, unit.panel) + before * kernel_->channels;
}

const std::int8_t* Product::next_weights(const Call& call, const Block& block) const {
  // A single tile is one walk through memory, which the hardware foresees better: fetching on top of it costs up to a
  // tenth.
  const Blocking::Unit& unit = block.unit;
  if (unit.tiles.size() == 1) return nullptr;
  if (!block.last()) return weights_at(call, unit, block.index + 1);
  const std::int64_t coming = shares_.peek(block.thread);
  if (coming < 0) return nullptr;
  const Blocking::Unit next = blocking_.unit(coming);
  const bool same = next.panel == unit.panel && next.k_part == unit.k_part && unit.blocks.size() == 1;
  return same ? nullptr : weights_at(call, next, next.blocks.first);
}

/// Sums of parts of K wait for one another in a place of their own, those of blocks in the thread's; where there is one
/// block, each tile's are done with before the next one's.
std::int32_t* Product::sums_of(const Block& block, const Range& rows) const {
  const Blocking::Unit& unit = block.unit;
  if (blocking_.k_parts() > 1) return part_sums(unit.panel, unit.k_part) + rows.first * kernel_->channels;
  const std::int64_t first = unit.blocks.size() == 1 ? rows.first : blocking_.tile_rows(unit.tiles.first).first;
  return sums_[static_cast<std::size_t>(block.thread)].as<std::int32_t>() + (rows.first - first) * kernel_->channels;
}

std::int64_t Product::channels_at(std::int64_t channel) const {
  return std::min<std::int64_t>(kernel_->channels, shape_.n - channel);
}

void Product::multiply(const Call& call, int thread) {
  for (std::int64_t index = shares_.take(thread); index >= 0; index = shares_.take(thread)) {
    const Blocking::Unit unit = blocking_.unit(index);
    if (const std::int64_t coming = shares_.peek(thread); coming >= 0) {
      const std::int32_t* start = call.w.compensation(blocking_.unit(coming).panel);
      for (int i = 0; i < kernel_->channels; i += values_a_line) __builtin_prefetch(start + i, 0, 2);
    }
    for (std::int64_t block = unit.blocks.first; block < unit.blocks.end; ++block) {
      multiply_block(call, {unit, block, thread});
    }
  }
}

void Product::multiply_block(const Call& call, const Block& block) {
  const Blocking::Unit& unit = block.unit;
  const Range chunks = blocking_.block_chunks(block.index);
  const std::int64_t channel = unit.panel * kernel_->channels;
  const std::int64_t rows = blocking_.tile_rows(unit.tiles.end - 1).end - blocking_.tile_rows(unit.tiles.first).first;
  TileWork work{};
  work.w = weights_at(call, unit, block.index);
  work.chunks = chunks.size();
  work.fetch_a = rows * chunks.size() * chunk_values >= large_activations;
  if (block.index == unit.blocks.first) {
    work.start = unit.k_part == 0 ? call.w.compensation(unit.panel) : zeros_.as<std::int32_t>();
  }
  // Each tile fetches its part of the next weights.
  const std::int8_t* const next = next_weights(call, block);
  const std::int64_t lines = kernel_->channels * chunk_values / 4 / cache_line;  // of a quarter of a chunk
  const std::int64_t share = ceil_div(lines, unit.tiles.size());
  std::int64_t fetched = 0;
  for (std::int64_t tile = unit.tiles.first; tile < unit.tiles.end; ++tile, fetched += share) {
    const Range tile_rows = blocking_.tile_rows(tile);
    const bool fetches = next != nullptr && fetched < lines;
    work.a = call.a.tile(tile, block.index);
    work.rows = static_cast<int>(tile_rows.size());
    work.sums = sums_of(block, tile_rows);
    work.next = fetches ? next + fetched * cache_line * 4 * work.chunks : nullptr;
    work.next_lines = fetches ? static_cast<int>(share) : 0;
    TileResult result{};
    const bool finished = block.last() && call.fused != nullptr && describe(*call.fused, tile_rows, channel, result);
    work.result = finished ? &result : nullptr;
    kernel_->run(work);
    if (!finished && block.last() && blocking_.k_parts() == 1) {
      call.sink({tile_rows.first, tile_rows.size(), channel, channels_at(channel), work.sums, kernel_->channels});
    }
  }
}

bool Product::describe(const FusedResult& fused, const Range& rows, std::int64_t channel, TileResult& result) const {
  const auto element = static_cast<std::int64_t>(size_of(fused.d.dtype));
  result.scale_a_step = fused.scale_a.size() == 1 ? 0 : 1;
  result.scale_a = fused.scale_a.data() + result.scale_a_step * rows.first;
  if (!fused.azp.empty()) {
    result.azp_step = fused.azp.size() == 1 ? 0 : 1;
    result.azp = fused.azp.data() + result.azp_step * rows.first;
    result.colsum = fused.colsum + channel;
    for (std::int64_t row = 0; row < rows.size(); ++row) {
      if (std::abs(std::int64_t{result.azp[row * result.azp_step]}) > fused.farthest_azp) return false;
    }
  }
  result.scale_w = fused.scale_w + channel;
  result.bias = fused.bias == nullptr ? nullptr : fused.bias + channel;
  result.d = static_cast<std::byte*>(fused.d.data) + (rows.first * fused.d.stride + channel) * element;
  result.stride = fused.d.stride * element;
  result.type = fused.d.dtype == DType::f32 ? 0 : fused.d.dtype == DType::bf16 ? 1 : 2;
  result.channels = static_cast<int>(channels_at(channel));
  return true;
}

void Product::add_parts(const Call& call, int thread, int threads) {
  const std::int64_t channels = kernel_->channels, tiles = blocking_.tiles();
  const Range share = part_of(blocking_.panels() * tiles, threads, thread);
  for (std::int64_t i = share.first; i < share.end; ++i) {
    const std::int64_t panel = i / tiles, channel = panel * channels;
    const Range rows = blocking_.tile_rows(i % tiles);
    std::int32_t* sums = part_sums(panel, 0) + rows.first * channels;
    for (std::int64_t part = 1; part < blocking_.k_parts(); ++part) {
      const std::int32_t* more = part_sums(panel, part) + rows.first * channels;
      for (std::int64_t j = 0; j < rows.size() * channels; ++j) {
        // Modulo 2³²: the compensation may have taken a part out of int32 that the others bring back.
        sums[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[j]) + static_cast<std::uint32_t>(more[j]));
      }
    }
    call.sink({rows.first, rows.size(), channel, channels_at(channel), sums, channels});
  }
}

}  // namespace qgemm::avx512
