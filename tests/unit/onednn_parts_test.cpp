#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engines/onednn/convert_rows.hpp"
#include "engines/onednn/int8_probe.hpp"
#include "engines/onednn/packed_weights.hpp"
#include "engines/onednn/team.hpp"
#include "engines/onednn/tile_grid.hpp"
#include "engines/onednn/tiled_matmul.hpp"
#include "qgemm/error.hpp"

namespace qgemm::onednn {
namespace {

TEST(OnednnTileGrid, CoversEveryElementOnce) {
  for (const Shape shape : {Shape{1, 1, 1}, {257, 1000, 8}, {1, 4096, 64}, {700, 63, 8}, {64, 513, 8}, {3, 6144, 8}}) {
    for (const int threads : {1, 2, 3, 16, 96}) {
      const TileGrid grid(shape, threads);
      std::vector<int> covered(static_cast<std::size_t>(shape.m * shape.n), 0);
      for (std::int64_t i = 0; i < grid.tiles(); ++i) {
        const Tile tile = grid.tile(i);
        ASSERT_LE(tile.rows, grid.block_rows());
        ASSERT_LE(tile.channels, grid.panel_channels());
        for (std::int64_t r = tile.row; r < tile.row + tile.rows; ++r) {
          for (std::int64_t c = tile.channel; c < tile.channel + tile.channels; ++c) {
            ++covered.at(static_cast<std::size_t>(r * shape.n + c));
          }
        }
      }
      for (const int times : covered) ASSERT_EQ(times, 1) << to_string(shape) << " on " << threads << " threads";
    }
  }
}

TEST(OnednnTileGrid, PanelsDoNotDependOnTheBatch) {
  for (const int threads : {1, 2, 8, 64}) {
    const TileGrid one({1, 6144, 4096}, threads);
    for (const std::int64_t m : {16, 300, 4096}) {
      EXPECT_EQ(TileGrid({m, 6144, 4096}, threads).panel_channels(), one.panel_channels());
    }
  }
}

TEST(OnednnTileGrid, GivesEveryThreadWork) {
  EXPECT_GE(TileGrid({1, 4096, 4096}, 64).tiles(), 64);
  EXPECT_GE(TileGrid({256, 4096, 4096}, 128).tiles(), 128);
}

TEST(OnednnTeam, PassesOnTheFirstExceptionAndStaysUsable) {
  EXPECT_THROW(share_out(2, 100,
                         [](int, std::int64_t i) {
                           if (i >= 10) throw std::runtime_error("no");
                         }),
               std::runtime_error);
  std::vector<int> done(100, 0);
  share_out(2, 100, [&](int, std::int64_t i) { done[static_cast<std::size_t>(i)] = 1; });
  EXPECT_EQ(std::count(done.begin(), done.end(), 1), 100);
}

TEST(OnednnTeam, CompilingForOneThreadLeavesTheTeamAsItWas) {
  const int before = omp_get_max_threads();
  {
    const SingleThreaded one;
    EXPECT_EQ(omp_get_max_threads(), 1);
  }
  EXPECT_EQ(omp_get_max_threads(), before);
}

TEST(OnednnProbe, SaysYesOrGivesAReason) {
  const Support& support = int8_support();
  EXPECT_EQ(support.ok, support.reason.empty());
}

TEST(OnednnMatmul, NeverRunsReferenceLoops) {
  for (const DType type : {DType::s8, DType::bf16, DType::f32}) {
    try {
      const TiledMatmul matmul({.shape = {3, 100, 200},
                                .operand = type,
                                .result = type == DType::s8 ? DType::s32 : DType::f32,
                                .threads = 2});
      EXPECT_FALSE(matmul.implementation().starts_with("ref")) << matmul.implementation();
    } catch (const Unavailable& error) {
      EXPECT_NE(std::string(error.what()).find(name(type)), std::string::npos) << error.what();
    }
  }
}

TEST(OnednnPacking, BatchSizesShareOneForm) {
  if (!int8_support().ok) GTEST_SKIP() << int8_support().reason;
  const LayerWeights weights(Matrix(DType::bf16, 1000, 64), ScaleSource::absmax);
  Matrix values(DType::s8, 1000, 64);
  std::fill_n(values.row<std::int8_t>(0), 64'000, std::int8_t{1});
  const auto pack = [&](std::int64_t m, int sets, int& packed) {
    const TiledMatmul matmul({.shape = {m, 1000, 64}, .threads = 2});
    return shared_panels(weights, "s8/tensor", matmul.weight_layouts(), matmul.grid(), sets, [&] {
      ++packed;
      return std::make_shared<const PackedWeights>(matmul.weight_layouts(), matmul.grid(), std::as_const(values).view(),
                                                   sets, 2);
    });
  };
  int packed = 0;
  const auto first = pack(16, 2, packed);
  EXPECT_EQ(pack(16, 2, packed), first);
  EXPECT_EQ(pack(32, 2, packed), first);
  EXPECT_EQ(packed, 1);
  EXPECT_EQ(first->sets(), 2);
  EXPECT_GE(first->bytes(), 2 * 64'000);
  EXPECT_NE(first->panel(0, 0).get_data_handle(), first->panel(1, 0).get_data_handle());
  EXPECT_NE(pack(16, 3, packed), first);
  EXPECT_EQ(packed, 2);
}

TEST(OnednnConvert, RoundsAsTheScalarFunctions) {
  std::vector<float> from;
  for (int i = 0; i < 45; ++i) from.push_back(std::ldexp(1.0F + 0.00037F * static_cast<float>(i * i), i - 30));
  from.push_back(std::numeric_limits<float>::infinity());
  from.push_back(-0.0F);
  const auto count = static_cast<std::int64_t>(from.size());
  std::vector<Float16> half(from.size());
  std::vector<BFloat16> brain(from.size());
  round_row(from.data(), count, DType::f16, half.data());
  round_row(from.data(), count, DType::bf16, brain.data());
  for (std::size_t i = 0; i < from.size(); ++i) {
    EXPECT_EQ(half[i].bits, to_float16(from[i]).bits) << from[i];
    EXPECT_EQ(brain[i].bits, to_bfloat16(from[i]).bits) << from[i];
  }
}

}  // namespace
}  // namespace qgemm::onednn
