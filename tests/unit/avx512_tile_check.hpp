#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "engines/avx512/tile_kernel.hpp"
#include "qgemm/matrix.hpp"
#include "test_seed.hpp"

namespace qgemm::avx512 {

enum class Bytes : std::uint8_t { any, largest_positive, largest_negative };

/// Runs a tile of `rows` and `chunks`, continued from the sums that are there or begun with starting values, against
/// the plain sum.
inline void check_tile(const TileKernel& kernel, int rows, std::int64_t chunks, bool from_sums, Bytes bytes,
                       int next_lines, std::mt19937_64& rng) {
  const std::int64_t k = chunks * chunk_values, channels = kernel.channels;
  AlignedBuffer a(static_cast<std::size_t>(rows * k)), w(static_cast<std::size_t>(channels * k));
  AlignedBuffer sums(static_cast<std::size_t>(rows * channels) * 4), start(static_cast<std::size_t>(channels) * 4);
  for (std::int64_t i = 0; i < rows * k; ++i) {
    a.as<std::uint8_t>()[i] = bytes == Bytes::any ? static_cast<std::uint8_t>(rng()) : std::uint8_t{255};
  }
  for (std::int64_t i = 0; i < channels * k; ++i) {
    const int extreme = bytes == Bytes::largest_positive ? 127 : -128;
    w.as<std::int8_t>()[i] =
        static_cast<std::int8_t>(bytes == Bytes::any ? static_cast<int>(rng() % 256) - 128 : extreme);
  }
  std::vector<std::int32_t> expected(static_cast<std::size_t>(rows * channels));
  const auto any = [&] { return static_cast<std::int32_t>(rng() % 2'000'000) - 1'000'000; };
  for (std::int64_t c = 0; c < channels; ++c) start.as<std::int32_t>()[c] = any();
  for (std::int64_t i = 0; i < rows * channels; ++i) {
    sums.as<std::int32_t>()[i] = any();
    expected[static_cast<std::size_t>(i)] =
        from_sums ? sums.as<std::int32_t>()[i] : start.as<std::int32_t>()[i % channels];
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t i = 0; i < k; ++i) {
        const int a_value = a.as<std::uint8_t>()[(i / chunk_values * rows + r) * chunk_values + i % chunk_values];
        const int w_value = w.as<std::int8_t>()[(i / group_values * channels + c) * group_values + i % group_values];
        expected[static_cast<std::size_t>(r * channels + c)] += a_value * w_value;
      }
    }
  }
  TileWork work{};
  work.a = a.as<std::uint8_t>();
  work.w = w.as<std::int8_t>();
  work.chunks = chunks;
  work.rows = rows;
  work.start = from_sums ? nullptr : start.as<std::int32_t>();
  work.sums = sums.as<std::int32_t>();
  work.next = w.as<std::int8_t>();
  work.next_lines = next_lines;
  kernel.run(work);
  const std::vector<std::int32_t> actual(sums.as<std::int32_t>(), sums.as<std::int32_t>() + rows * channels);
  ASSERT_EQ(actual, expected) << rows << " rows, " << chunks << " chunks, QGEMM_TEST_SEED=" << testing::test_seed();
}

}  // namespace qgemm::avx512
