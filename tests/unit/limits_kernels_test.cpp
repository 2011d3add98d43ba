#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>

#include "limits/measure.hpp"

namespace qgemm {
namespace {

/// What this machine can run, and what it could if it were older.
std::vector<CpuFeatures> runnable_features() {
  CpuFeatures no_dot_product = cpu_features();
  no_dot_product.avx512_vnni = no_dot_product.avx_vnni = no_dot_product.avx512_bf16 = false;
  CpuFeatures no_amx = cpu_features();
  no_amx.amx_int8 = no_amx.amx_bf16 = false;
  return {no_amx, no_dot_product, narrow(cpu_features(), Isa::avx2), narrow(no_dot_product, Isa::avx2),
          narrow(cpu_features(), Isa::plain)};
}

TEST(PeakKernels, EachIsaHasIntegersAndFloats) {
  for (const CpuFeatures& features : runnable_features()) {
    std::map<std::string_view, int> count;
    for (const PeakKernel& kernel : peak_kernels(features)) ++count[kernel.limit];
    EXPECT_EQ(count["int8"], 1);
    EXPECT_EQ(count["f32"], 1);
    EXPECT_EQ(count["bf16"], features.avx512_bf16 ? 1 : 0);
  }
}

TEST(PeakKernels, AmxLeavesOutWhatItMultiplies) {
  CpuFeatures features;
  features.avx2 = features.avx512 = features.avx512_vnni = features.avx512_bf16 = true;
  features.amx_int8 = true;
  auto has = [&features](std::string_view limit) {
    const auto kernels = peak_kernels(features);
    return std::any_of(kernels.begin(), kernels.end(), [&](const PeakKernel& kernel) { return kernel.limit == limit; });
  };
  EXPECT_FALSE(has("int8"));
  EXPECT_TRUE(has("f32"));
#if defined(__x86_64__)
  EXPECT_TRUE(has("bf16"));
#endif
  features.amx_bf16 = true;
  EXPECT_FALSE(has("bf16"));
}

TEST(PeakKernels, RunAndLeaveSums) {
  const PeakOperands operands = make_peak_operands();
  for (const CpuFeatures& features : runnable_features()) {
    for (const PeakKernel& kernel : peak_kernels(features)) {
      alignas(64) std::array<std::byte, 64> once{}, more{};
      kernel.run(operands, 1, once.data());
      kernel.run(operands, 3, more.data());
      EXPECT_NE(once, (std::array<std::byte, 64>{})) << kernel.instruction;
      EXPECT_NE(once, more) << kernel.instruction << ": further iterations change nothing";
      EXPECT_GT(kernel.operations, 0);
    }
  }
}

TEST(PeakOperands, AreSpreadAndTheSameEachTime) {
  const PeakOperands a = make_peak_operands(), b = make_peak_operands();
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.floats, b.floats);
  EXPECT_GT(*std::max_element(a.bytes.begin(), a.bytes.end()), 240);
  EXPECT_LT(*std::min_element(a.bytes.begin(), a.bytes.end()), 16);
  for (const float value : a.floats) EXPECT_TRUE(std::abs(value) >= 0.5F && std::abs(value) < 1.0F) << value;
}

TEST(StreamKernels, CopyWholeBlocks) {
  constexpr std::size_t bytes = 3 * stream_block;
  for (const CpuFeatures& features : runnable_features()) {
    const StreamKernels kernels = stream_kernels(features);
    for (const auto copy : {kernels.copy, kernels.copy_past_cache}) {
      if (copy == nullptr) continue;
      const AlignedBuffer from(bytes), to(bytes + 64);
      for (std::size_t i = 0; i < bytes; ++i) from.data()[i] = static_cast<std::byte>(i * 7 + i / 256);
      std::fill_n(to.data(), to.size(), std::byte{0x55});
      copy(to.data(), from.data(), bytes);
      EXPECT_EQ(std::memcmp(to.data(), from.data(), bytes), 0) << kernels.name;
      EXPECT_EQ(to.data()[bytes], std::byte{0x55}) << kernels.name << " writes past the end";
    }
  }
}

TEST(StreamKernels, ReadLooksAtEachByte) {
  const AlignedBuffer from(stream_block);
  for (const CpuFeatures& features : runnable_features()) {
    const StreamKernels kernels = stream_kernels(features);
    for (std::size_t i = 0; i < stream_block; ++i) {
      std::fill_n(from.data(), stream_block, std::byte{0});
      from.data()[i] = std::byte{1};
      alignas(64) std::array<std::byte, 64> sink{};
      kernels.read(from.data(), stream_block, sink.data());
      ASSERT_EQ(std::count(sink.begin(), sink.end(), std::byte{1}), 1) << kernels.name << " misses byte " << i;
    }
  }
}

TEST(StreamSizes, StayWithinTheMachine) {
  for (const auto& cpus : {std::vector<int>{physical_cores().front()}, physical_cores()}) {
    const StreamSizes sizes = choose_stream_sizes(cpus);
    EXPECT_LE(static_cast<std::int64_t>(sizes.memory * cpus.size()), total_memory_bytes() / 4);
    EXPECT_EQ(sizes.memory % stream_block + sizes.l3 % stream_block + sizes.l2 % stream_block, 0U);
    EXPECT_LE(static_cast<std::int64_t>(sizes.l2), cache_sizes().l2);
    EXPECT_LE(static_cast<std::int64_t>(sizes.l3), cache_sizes().l3);
    if (sizes.l3 > 0) {
      EXPECT_GT(sizes.l3, sizes.l2);
    }
  }
}

TEST(LimitBench, RunsOnTheSmallestSizes) {
  LimitBench bench(1, cpu_features(), {4 * stream_block, 4 * stream_block, 4 * stream_block});
  bench.run_round(1e-4);
  for (const Contender& contender : bench.contenders()) EXPECT_GT(contender.best, 0) << contender.limit;
}

TEST(TeamRate, CountsByTheClock) {
  int calls = 0;
  const double rate = team_rate(
      1, 1e-3, [&calls](int) { return ++calls, 1.0; }, 2);
  EXPECT_GT(calls, 2);
  EXPECT_GT(rate, 0);
}

}  // namespace
}  // namespace qgemm
