#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "engines/avx512/blocking.hpp"
#include "engines/avx512/packed_activations.hpp"
#include "engines/avx512/packed_weights.hpp"
#include "engines/avx512/product.hpp"
#include "engines/avx512/tile_kernels.hpp"
#include "engines/avx512/work_shares.hpp"
#include "quantize/weights.hpp"
#include "test_seed.hpp"

namespace qgemm::avx512 {
namespace {

/// Of the size of real ones; never run.
constexpr TileKernel wide{"wide", 6, 64, false, nullptr, nullptr}, narrow_one{"narrow", 3, 16, false, nullptr, nullptr};

TEST(Avx512Blocking, UnitsCoverEveryProductOnce) {
  for (const Shape shape :
       {Shape{1, 1, 1}, {1, 64, 4096}, {7, 65, 130}, {300, 130, 9000}, {1024, 576, 2048}, {13, 192, 640}}) {
    for (const TileKernel* kernel : {&wide, &narrow_one}) {
      for (const int threads : {1, 2, 3, 16, 64}) {
        SCOPED_TRACE(to_string(shape) + " " + kernel->name + " on " + std::to_string(threads));
        const Blocking blocking(shape, *kernel, threads);
        std::int64_t rows = 0, chunks = 0;
        for (std::int64_t tile = 0; tile < blocking.tiles(); ++tile) {
          ASSERT_EQ(blocking.tile_rows(tile).first, rows);
          ASSERT_GE(blocking.tile_rows(tile).size(), 1);
          ASSERT_LE(blocking.tile_rows(tile).size(), kernel->rows);
          rows = blocking.tile_rows(tile).end;
        }
        ASSERT_EQ(rows, shape.m);
        for (std::int64_t block = 0; block < blocking.blocks(); ++block) {
          ASSERT_EQ(blocking.block_chunks(block).first, chunks);
          ASSERT_GE(blocking.block_chunks(block).size(), 1);
          chunks = blocking.block_chunks(block).end;
        }
        ASSERT_EQ(chunks, blocking.chunks());
        ASSERT_GE(chunks * chunk_values, shape.k);
        std::vector<int> covered(static_cast<std::size_t>(blocking.panels() * blocking.tiles() * blocking.blocks()), 0);
        for (std::int64_t i = 0; i < blocking.units(); ++i) {
          const Blocking::Unit unit = blocking.unit(i);
          ASSERT_GE(unit.tiles.size(), 1);
          ASSERT_GE(unit.blocks.size(), 1);
          ASSERT_LE(blocking.tile_rows(unit.tiles.end - 1).end - blocking.tile_rows(unit.tiles.first).first,
                    blocking.band_rows());
          for (std::int64_t tile = unit.tiles.first; tile < unit.tiles.end; ++tile) {
            for (std::int64_t block = unit.blocks.first; block < unit.blocks.end; ++block) {
              ++covered.at(
                  static_cast<std::size_t>((unit.panel * blocking.tiles() + tile) * blocking.blocks() + block));
            }
          }
        }
        EXPECT_TRUE(std::all_of(covered.begin(), covered.end(), [](int times) { return times == 1; }));
      }
    }
  }
}

TEST(Avx512Blocking, FewChannelsStillKeepAllThreadsBusy) {
  EXPECT_GE(Blocking({1, 64, 4096}, wide, 2).units(), 2);
  EXPECT_GE(Blocking({1, 512, 8192}, wide, 16).units(), 16);
  EXPECT_GE(Blocking({512, 64, 4096}, wide, 4).units(), 4);
  // Where there is work enough, K is left whole.
  EXPECT_EQ(Blocking({16, 4096, 4096}, wide, 2).k_parts(), 1);
}

TEST(Avx512Blocking, OneTileIsOneWalkThroughMemory) {
  EXPECT_EQ(Blocking({1, 4096, 53'248}, wide, 2).blocks(), 1);
  EXPECT_EQ(Blocking({6, 4096, 53'248}, wide, 2).blocks(), 1);
  EXPECT_GT(Blocking({7, 4096, 53'248}, wide, 2).blocks(), 1);
}

TEST(Avx512WorkShares, EachUnitIsTakenOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    for (const std::int64_t count : {0, 1, 2, 5, 1000}) {
      WorkShares shares(threads);
      shares.reset(count);
      std::vector<std::vector<std::int64_t>> taken(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
      {
        const int thread = omp_get_thread_num();
        for (std::int64_t i = shares.take(thread); i >= 0; i = shares.take(thread)) {
          taken[static_cast<std::size_t>(thread)].push_back(i);
        }
      }
      std::vector<std::int64_t> all;
      for (const auto& part : taken) all.insert(all.end(), part.begin(), part.end());
      std::sort(all.begin(), all.end());
      ASSERT_EQ(static_cast<std::int64_t>(all.size()), count);
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], i);
    }
  }
}

TEST(Avx512WorkShares, AnOwnShareIsInOrderAndThenTheOthersFromTheBack) {
  WorkShares shares(2);
  shares.reset(6);
  EXPECT_EQ(shares.peek(1), 3);
  for (const std::int64_t expected : {3, 4, 5, 2, 1, 0, -1}) EXPECT_EQ(shares.take(1), expected);
  EXPECT_EQ(shares.peek(1), -1);
  EXPECT_EQ(shares.take(0), -1);
}

Matrix random_weights(std::mt19937_64& rng, std::int64_t n, std::int64_t k) {
  Matrix w(DType::s8, n, k);
  for (std::int64_t i = 0; i < n * k; ++i) w.row<std::int8_t>(0)[i] = static_cast<std::int8_t>(rng());
  return w;
}

TEST(Avx512PackedWeights, HoldEachWeightInItsPlaceAndZerosElsewhere) {
  std::mt19937_64 rng(testing::test_seed());
  for (const int channels : {16, 32, 64}) {
    for (const auto& [n, k] : {std::pair{1, 1}, {64, 64}, {65, 130}, {200, 67}}) {
      const Matrix w = random_weights(rng, n, k);
      const auto colsum = column_sums(w.view());
      const PackedWeights packed(w.view(), colsum, channels, 3, 2);
      ASSERT_EQ(packed.bytes(), 3 * PackedWeights::bytes_of_one(n, k, channels));
      const std::int64_t padded_k = (k + 63) / 64 * 64, panels = (n + channels - 1) / channels;
      ASSERT_EQ(packed.bytes(), 3 * panels * channels * padded_k);
      for (int set = 0; set < 3; ++set) {
        for (std::int64_t channel = 0; channel < panels * channels; ++channel) {
          const std::int64_t at = channel % channels;
          ASSERT_EQ(packed.compensation(channel / channels)[at],
                    channel < n ? -128 * colsum[static_cast<std::size_t>(channel)] : 0);
          for (std::int64_t i = 0; i < padded_k; ++i) {
            const std::int8_t expected = channel < n && i < k ? w.row<std::int8_t>(channel)[i] : std::int8_t{0};
            ASSERT_EQ(packed.panel(set, channel / channels)[(i / 4 * channels + at) * 4 + i % 4], expected)
                << channel << " " << i;
          }
        }
      }
    }
  }
}

TEST(Avx512PackedWeights, BatchSizesShareThem) {
  Matrix original(DType::f32, 70, 64);
  std::fill_n(original.row<float>(0), 70 * 64, 1.0F);
  const LayerWeights weights(std::move(original), ScaleSource::absmax);
  const auto first = shared_weights(weights, ScaleGranularity::per_channel, 64, 2, 2);
  EXPECT_EQ(shared_weights(weights, ScaleGranularity::per_channel, 64, 2, 2), first);
  EXPECT_NE(shared_weights(weights, ScaleGranularity::per_tensor, 64, 2, 2), first);
  EXPECT_NE(shared_weights(weights, ScaleGranularity::per_channel, 16, 2, 2), first);
  EXPECT_NE(first->panel(0, 0), first->panel(1, 0));
}

TEST(Avx512PackedActivations, GiveBackWhatTheyWereGiven) {
  std::mt19937_64 rng(testing::test_seed());
  for (const Shape shape : {Shape{1, 64, 1}, {7, 64, 64}, {20, 64, 129}, {13, 64, 9001}}) {
    const Blocking blocking(shape, wide, 2);
    PackedActivations packed(blocking, shape.m, shape.k);
    std::vector<std::vector<std::uint8_t>> rows;
    const auto for_each_row = [&](auto&& action) {
      for (std::int64_t tile = 0; tile < blocking.tiles(); ++tile) {
        const Range range = blocking.tile_rows(tile);
        for (std::int64_t m = range.first; m < range.end; ++m) action(m, tile, m - range.first);
      }
    };
    for_each_row([&](std::int64_t, std::int64_t tile, std::int64_t row) {
      auto& q = rows.emplace_back(static_cast<std::size_t>(shape.k));
      for (auto& byte : q) byte = static_cast<std::uint8_t>(rng());
      packed.store_row(tile, row, q.data());
    });
    for_each_row([&](std::int64_t m, std::int64_t tile, std::int64_t row) {
      std::vector<std::uint8_t> q(static_cast<std::size_t>(shape.k));
      packed.load_row(tile, row, q.data());
      ASSERT_EQ(q, rows[static_cast<std::size_t>(m)]) << to_string(shape) << " row " << m;
    });
  }
}

/// Products whose K ends around the borders of chunks, blocks and parts, on every kernel and several numbers of
/// threads.
TEST(Avx512Product, SumsAreExactAroundTheBordersOfBlocks) {
  std::mt19937_64 rng(testing::test_seed());
  for (const auto name : kernel_names()) {
    const TileKernel* kernel = find_kernel(name, cpu_features());
    if (kernel == nullptr) continue;
    for (const Shape shape : {Shape{7, 65, 4095},
                              {7, 65, 4096},
                              {7, 65, 4097},
                              {7, 33, 16'385},
                              {33, 17, 1025},
                              {1, 64, 8191},
                              {2, 3, 1000},
                              {70, 64, 63},
                              {300, 20, 4200}}) {
      const Matrix w = random_weights(rng, shape.n, shape.k);
      const auto colsum = column_sums(w.view());
      const PackedWeights weights(w.view(), colsum, kernel->channels, 1, 2);
      for (const int threads : {1, 2, 5}) {
        SCOPED_TRACE(std::string(name) + " " + to_string(shape) + " on " + std::to_string(threads) +
                     " threads, QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
        Product product(shape, *kernel, threads);
        PackedActivations packed(product.blocking(), shape.m, shape.k);
        Matrix a(DType::s8, shape.m, shape.k);
        for (std::int64_t tile = 0; tile < product.blocking().tiles(); ++tile) {
          const Range rows = product.blocking().tile_rows(tile);
          for (std::int64_t m = rows.first; m < rows.end; ++m) {
            auto* q = a.row<std::uint8_t>(m);
            for (std::int64_t k = 0; k < shape.k; ++k) q[k] = static_cast<std::uint8_t>(rng());
            packed.store_row(tile, m - rows.first, q);
          }
        }
        std::vector<std::int64_t> sums(static_cast<std::size_t>(shape.m * shape.n), INT64_MAX);
        product.run(packed, weights, 0, {}, [&](const SumsTile& tile) {
          for (std::int64_t r = 0; r < tile.rows; ++r) {
            for (std::int64_t c = 0; c < tile.channels; ++c) {
              sums[static_cast<std::size_t>((tile.row + r) * shape.n + tile.channel + c)] =
                  tile.values[r * tile.stride + c];
            }
          }
        });
        for (std::int64_t m = 0; m < shape.m; ++m) {
          for (std::int64_t n = 0; n < shape.n; ++n) {
            std::int64_t expected = 0;
            for (std::int64_t k = 0; k < shape.k; ++k) {
              expected += (a.row<std::uint8_t>(m)[k] - 128) * w.row<std::int8_t>(n)[k];
            }
            ASSERT_EQ(sums[static_cast<std::size_t>(m * shape.n + n)], expected) << m << " " << n;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace qgemm::avx512
