#include "engines/onednn/tiled_matmul.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "engines/onednn/team.hpp"

namespace qgemm::onednn {

/// What one thread writes to: scratchpad, tile buffer, and its arguments for each primitive.
struct TiledMatmul::Worker {
  Worker(const std::vector<MatmulPrimitive>& primitives, std::size_t scratch_bytes, std::size_t result_bytes)
      : scratch(scratch_bytes), results(result_bytes) {
    for (const auto& primitive : primitives) calls.emplace_back(primitive, scratch.data());
  }

  AlignedBuffer scratch, results;
  std::vector<MatmulCall> calls;
};

namespace {

constexpr std::size_t index_of(bool last_block, bool last_panel) {
  return (last_block ? 2U : 0U) + (last_panel ? 1U : 0U);
}

std::size_t scratch_bytes(const std::vector<MatmulPrimitive>& primitives) {
  std::size_t most = 0;
  for (const auto& primitive : primitives) most = std::max(most, primitive.scratch_bytes());
  return most;
}

std::size_t result_bytes(const TiledMatmul::Plan& plan, const TileGrid& grid) {
  return static_cast<std::size_t>(grid.block_rows() * grid.panel_channels()) * size_of(plan.result);
}

}  // namespace

TiledMatmul::TiledMatmul(const Plan& plan) : plan_(plan), grid_(plan.shape, plan.threads) {
  MatmulSpec spec{.k = plan.shape.k, .operand = plan.operand, .result = plan.result, .bias = plan.bias};
  for (const bool last_block : {false, true}) {
    for (const bool last_panel : {false, true}) {
      spec.rows = last_block ? grid_.last_block_rows() : grid_.block_rows();
      spec.channels = last_panel ? grid_.last_panel_channels() : grid_.panel_channels();
      // All blocks multiply by the same packed panel, so only the first has a say in its form.
      std::optional<dnnl::memory::desc> layout;
      if (last_block) layout = primitive(false, last_panel).weight_layout();
      primitives_.emplace_back(spec, layout);
    }
  }
}

const MatmulPrimitive& TiledMatmul::primitive(bool last_block, bool last_panel) const {
  return primitives_.at(index_of(last_block, last_panel));
}

PanelLayouts TiledMatmul::weight_layouts() const {
  return {primitive(false, false).weight_layout(), primitive(false, true).weight_layout()};
}

std::int64_t TiledMatmul::working_bytes() const {
  return static_cast<std::int64_t>(scratch_bytes(primitives_) + result_bytes(plan_, grid_)) * plan_.threads;
}

void TiledMatmul::allocate() {
  for (int thread = 0; thread < plan_.threads; ++thread) {
    workers_.push_back(std::make_shared<Worker>(primitives_, scratch_bytes(primitives_), result_bytes(plan_, grid_)));
  }
}

void TiledMatmul::run(const void* source, const PackedWeights& weights, int set, const float* bias,
                      const Epilogue& epilogue) {
  const std::int64_t row_bytes = plan_.shape.k * static_cast<std::int64_t>(size_of(plan_.operand));
  share_out(plan_.threads, grid_.tiles(), [&](int thread, std::int64_t i) {
    const Tile tile = grid_.tile(i);
    Worker& worker = *workers_[static_cast<std::size_t>(thread)];
    MatmulCall& call = worker.calls[index_of(tile.row + tile.rows == plan_.shape.m, tile.panel + 1 == grid_.panels())];
    call.run(static_cast<const std::byte*>(source) + tile.row * row_bytes, weights.panel(set, tile.panel),
             worker.results.data(), bias == nullptr ? nullptr : bias + tile.channel);
    epilogue(tile, worker.results.data());
  });
}

}  // namespace qgemm::onednn
