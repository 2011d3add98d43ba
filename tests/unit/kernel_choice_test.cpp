// What is chosen without a GPU at hand: the model of cost, the choices that are tried, and the table that is shipped.
#include "engines/cutlass/kernel_choice.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "engines/cutlass/cost_model.hpp"
#include "gtest/gtest.h"
#include "hopper_devices.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm::testing {
namespace {

std::vector<const kernels::ScaledGemmKernel*> for_h100(DType input, std::int64_t m) {
  return cutlass::candidates(h100(), input, DType::bf16, m);
}

class KernelChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (for_h100(DType::s8, 64).empty()) GTEST_SKIP() << "this build has no kernels for Hopper";
  }
};

TEST_F(KernelChoiceTest, AFewLikelyKernelsForEveryShape) {
  for (const DType input : {DType::s8, DType::e4m3}) {
    for (const std::int64_t m : {1, 3, 16, 17, 33, 100, 129, 256, 1000, 4096, 16384}) {
      for (const auto& [n, k] :
           {std::pair<std::int64_t, std::int64_t>{16, 16}, {4096, 4096}, {28672, 8192}, {768, 3072}}) {
        const auto all = for_h100(input, m);
        const auto likely = cutlass::likely(all, h100(), {m, n, k});
        ASSERT_FALSE(likely.empty()) << m << " " << n << " " << k;
        EXPECT_LE(likely.size(), 8U);
        double before = 0;
        for (const auto* kernel : likely) {
          const double us = cutlass::likely_us(kernel->traits(), h100(), m, n, k);
          EXPECT_GE(us, before);
          EXPECT_NE(std::find(all.begin(), all.end(), kernel), all.end());
          before = us;
        }
      }
    }
  }
}

TEST_F(KernelChoiceTest, TheReferencesKernelIsAmongTheCandidates) {
  for (const DType input : {DType::s8, DType::e4m3}) {
    for (std::int64_t m = 1; m <= 20000; m += 1 + m / 16) {
      const auto all = for_h100(input, m);
      for (const std::int64_t n : {16, 512, 1280, 2560, 4096, 5120, 6144, 8192, 28672, 106496}) {
        const auto* kernel = cutlass::reference_kernel(h100(), input, DType::bf16, {m, n, 4096});
        ASSERT_NE(kernel, nullptr) << m << " " << n;
        EXPECT_NE(std::find(all.begin(), all.end(), kernel), all.end())
            << m << " " << n << " " << kernel->traits().name;
      }
    }
  }
  cuda::Device old = h100();
  old.major = 7;
  EXPECT_EQ(cutlass::reference_kernel(old, DType::s8, DType::bf16, {64, 4096, 4096}), nullptr);
  EXPECT_EQ(cutlass::reference_kernel(h100(), DType::bf16, DType::bf16, {64, 4096, 4096}), nullptr);
  EXPECT_EQ(cutlass::reference_kernel(h100(), DType::s8, DType::s8, {64, 4096, 4096}), nullptr) << "no such output";
}

TEST_F(KernelChoiceTest, TheModelKnowsWhatShapesAreBoundBy) {
  const auto first = [](std::int64_t m, std::int64_t n, std::int64_t k) {
    return cutlass::likely(for_h100(DType::s8, m), h100(), {m, n, k}).front()->traits();
  };
  // One token: the weights are the tensor cores' rows. Of 64 tiles for 132 multiprocessors each is split.
  EXPECT_TRUE(first(1, 4096, 4096).swapped);
  EXPECT_GT(first(1, 4096, 4096).split, 1);
  // 32 × 4 tiles of 128×128 fill the multiprocessors once; 32 × 6 would take two rounds, 32 × 4 of 128×192 one.
  EXPECT_EQ(first(512, 4096, 4096).tile_m * first(512, 4096, 4096).tile_n, 128 * 128);
  // Thousands of tokens: power, and large tiles bring in less.
  EXPECT_GE(first(16384, 28672, 4096).tile_m * first(16384, 28672, 4096).tile_n, 128 * 128);
  EXPECT_GE(first(16384, 6144, 4096).tile_m * first(16384, 6144, 4096).tile_n, 128 * 128);
  EXPECT_GE(first(16384, 4096, 14336).tile_m * first(16384, 4096, 14336).tile_n, 128 * 128);
}

TEST_F(KernelChoiceTest, KernelsThatQuantizeAreApartFromThoseThatDoNot) {
  for (const DType input : {DType::s8, DType::e4m3}) {
    for (const auto* kernel : for_h100(input, 1)) EXPECT_FALSE(kernel->traits().quantizes()) << kernel->traits().name;
    const auto one = cutlass::quantizing_candidates(h100(), input, DType::bf16, 1);
    EXPECT_FALSE(one.empty());
    for (const std::int64_t m : {1, 8, 9}) {
      for (const auto* kernel : cutlass::quantizing_candidates(h100(), input, DType::bf16, m)) {
        EXPECT_TRUE(kernel->traits().quantizes()) << kernel->traits().name;
        EXPECT_GE(kernel->traits().tile_m, m) << kernel->traits().name;
      }
    }
    EXPECT_TRUE(cutlass::quantizing_candidates(h100(), input, DType::bf16, 65).empty());
  }
}

TEST_F(KernelChoiceTest, MoreWorkIsLikelyToTakeLonger) {
  for (const auto* kernel : for_h100(DType::s8, 512)) {
    const auto us = [&](std::int64_t m, std::int64_t n, std::int64_t k) {
      return cutlass::likely_us(kernel->traits(), h100(), m, n, k);
    };
    EXPECT_GT(us(512, 4096, 4096), 0) << kernel->traits().name;
    EXPECT_LT(us(512, 4096, 4096), us(512, 4096, 14336)) << kernel->traits().name;
    EXPECT_LT(us(512, 4096, 4096), us(512, 28672, 4096)) << kernel->traits().name;
    EXPECT_LT(us(512, 4096, 4096), us(4096, 4096, 4096)) << kernel->traits().name;
  }
}

TEST_F(KernelChoiceTest, TheShippedTablesNameKernelsOfThisBuild) {
  // The default sweep's products, hot and cold, of both types; the H100's from 256 tokens on.
  const std::tuple<std::string, std::string, int> tables[] = {
      {"NVIDIA H100 80GB HBM3", "nvidia-h100-80gb-hbm3", 2 * 56}, {"NVIDIA H200", "nvidia-h200", 2 * 88}};
  for (const auto& [gpu, name, products] : tables) {
    const auto table = TuningTable::load(std::filesystem::path(QGEMM_TEST_TUNING) / (name + ".json"), gpu, "shipped");
    ASSERT_GT(table.size(), 0U) << gpu;
    int found = 0;
    for (const DType input : {DType::s8, DType::e4m3}) {
      for (const auto& [n, k] :
           {std::pair<std::int64_t, std::int64_t>{6144, 4096}, {4096, 4096}, {28672, 4096}, {4096, 14336}}) {
        for (const std::int64_t m : {1, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}) {
          const auto all = for_h100(input, m);
          for (const CacheState cache : {CacheState::hot, CacheState::cold}) {
            const auto tuned = table.find(input, {m, n, k}, cache);
            if (!tuned) continue;
            ++found;
            EXPECT_TRUE(cutlass::choice_named(all, tuned->text())) << gpu << ": " << tuned->text() << " for M=" << m;
          }
        }
      }
    }
    EXPECT_EQ(found, products) << gpu;
  }
}

/// A kernel of no code, with tiles of 128 × 128.
class FakeKernel final : public kernels::ScaledGemmKernel {
 public:
  explicit FakeKernel(const std::string& name, bool overlaps = true, int residents = 1) {
    traits_.name = name;
    traits_.tile_m = traits_.tile_n = 128;
    traits_.orders_tiles = true;
    traits_.overlaps = overlaps;
    traits_.residents = residents;
  }
  const kernels::KernelTraits& traits() const override { return traits_; }
  kernels::KernelTraits& traits() { return traits_; }
  std::size_t workspace_bytes(const kernels::ScaledGemmArguments&) const override { return 0; }
  std::unique_ptr<kernels::ScaledGemmLaunch> prepare(const kernels::ScaledGemmArguments&, void*) const override {
    return nullptr;
  }

 private:
  kernels::KernelTraits traits_;
};

std::vector<std::string> texts(const std::vector<cutlass::KernelChoice>& choices) {
  std::vector<std::string> out;
  for (const auto& choice : choices) out.push_back(choice.text());
  return out;
}

using Texts = std::vector<std::string>;

TEST(Choices, OrdersOfTilesAreTriedWhereTheyDiffer) {
  FakeKernel kernel("k");
  const auto tried = [&](std::int64_t m, std::int64_t n) {
    cuda::ScaledOperands operands;
    operands.m = m;
    operands.n = n;
    return texts(cutlass::choices({&kernel}, {operands}, 132));
  };
  const Texts single_round{"k", "k along n swizzle 4"};
  const Texts rounds{"k along m swizzle 4", "k along m swizzle 8", "k along n swizzle 4", "k along n"};
  EXPECT_EQ(tried(128, 4096), Texts{"k"}) << "one line of tiles";
  EXPECT_EQ(tried(4096, 100), Texts{"k"}) << "one line of tiles";
  EXPECT_EQ(tried(129, 4096), single_round);
  EXPECT_EQ(tried(12 * 128, 11 * 128), single_round) << "as many as multiprocessors";
  EXPECT_EQ(tried(7 * 128, 19 * 128), rounds) << "one more";
  kernel.traits().orders_tiles = false;
  EXPECT_EQ(tried(129, 4096), Texts{"k"});
  EXPECT_EQ(tried(4096, 4096), Texts{"k"});
}

TEST(Choices, WeightsFromMemoryAreStreamedForFewTokens) {
  const auto streamed = [](std::int64_t m, std::int64_t n, std::int64_t k, CacheState cache) {
    return cutlass::streams_weights(h200(), {m, n, k}, cache);
  };
  for (const std::int64_t m : {1, 256, 511}) {
    EXPECT_TRUE(streamed(m, 4096, 4096, CacheState::cold)) << m;
    EXPECT_FALSE(streamed(m, 4096, 4096, CacheState::hot)) << m;
    // L2 has 60 MiB; of it weights of 56 are too many to find there again, of 48 are not.
    EXPECT_TRUE(streamed(m, 4096, 14336, CacheState::hot)) << m;
    EXPECT_FALSE(streamed(m, 4096, 12288, CacheState::hot)) << m;
  }
  EXPECT_FALSE(streamed(512, 4096, 4096, CacheState::cold)) << "tiles that follow one another need them again";
  EXPECT_FALSE(streamed(512, 28672, 8192, CacheState::hot));
  EXPECT_TRUE(streamed(1, std::int64_t{1} << 31, std::int64_t{1} << 31, CacheState::hot)) << "N K past 63 bits";
}

TEST(Choices, OnlyKernelsThatCanStream) {
  FakeKernel can("can"), cannot("cannot");
  can.traits().streams_weights = true;
  const std::vector<cutlass::KernelChoice> both{{&can, 2, 4, {}, cutlass::Quantizing::overlaps}, {&cannot}};
  const auto streaming = cutlass::with_streaming(both, true);
  EXPECT_EQ(texts(streaming), (Texts{"can along n swizzle 4 streaming overlapping", "cannot"}));
  EXPECT_EQ(texts(cutlass::with_streaming(streaming, false)), texts(both));
  cuda::ScaledOperands operands;
  EXPECT_TRUE(cutlass::arguments_of(operands, streaming.front()).streams_weights);
  EXPECT_FALSE(cutlass::arguments_of(operands, both.front()).streams_weights);
}

TEST(Choices, ANameIsOfWhatItsKernelHeeds) {
  FakeKernel all("all"), none("none", false);
  all.traits().streams_weights = true;
  none.traits().orders_tiles = false;
  const auto named = [&](const std::string& text) {
    const auto found = cutlass::choice_named({&none, &all}, text);
    return found ? found->text() : "nothing";
  };
  for (const std::string text : {"all", "all along m swizzle 8", "all along n", "all swizzle 4", "all streaming",
                                 "all overlapping", "all along n swizzle 4 streaming overlapping", "none"}) {
    EXPECT_EQ(named(text), text);
  }
  for (const std::string text : {"", "al", "all ", "all swizzle 65", "all swizzle 1", "all overlapping streaming",
                                 "none along m", "none swizzle 4", "none streaming", "none overlapping"}) {
    EXPECT_EQ(named(text), "nothing") << text;
  }
}

/// For tokens × 4096 channels on 132 multiprocessors.
Texts ways(const cutlass::KernelChoice& product, const std::vector<cutlass::KernelChoice>& choices, std::int64_t m,
           const std::vector<const kernels::ScaledGemmKernel*>& quantizing = {}, std::int64_t n = 4096) {
  return texts(cutlass::ways_to_quantize(product, choices, quantizing, {m, n, 4096}, 132));
}

TEST(WaysToQuantize, TheProductIsTriedBesideTheQuantizationWhereItsStartIsAPart) {
  const FakeKernel kernel("k"), other("o");
  const cutlass::KernelChoice product{&kernel, 2, 4, "tuned"};
  for (const std::int64_t m : {33, 256}) {
    const auto ways = cutlass::ways_to_quantize(product, {{&kernel}, {&other}}, {}, {m, 4096, 4096}, 132);
    EXPECT_EQ(texts(ways), (Texts{"k along n swizzle 4", "k along n swizzle 4 overlapping"})) << m;
    EXPECT_EQ(ways.front().origin, "tuned");
    EXPECT_EQ(ways.back().origin, "");
  }
}

TEST(WaysToQuantize, WithMoreTokensTilesAndProductsDecide) {
  FakeKernel kernel("k"), waits("waits", false);
  const cutlass::KernelChoice product{&kernel, 2, 4, "tuned"};
  const Texts after{"k along n swizzle 4"}, beside{"k along n swizzle 4 overlapping"};
  EXPECT_EQ(ways(product, {}, 257), beside);
  EXPECT_EQ(ways(product, {}, 4096), beside);
  EXPECT_EQ(ways(product, {}, 4097), after) << "too many tokens";
  EXPECT_EQ(ways(product, {}, 2048, {}, 15'735), beside) << "10⁹ products a multiprocessor";
  EXPECT_EQ(ways(product, {}, 2048, {}, 15'736), after) << "more of them";
  EXPECT_EQ(ways({&waits}, {}, 1024), Texts{"waits"});
  EXPECT_EQ(cutlass::ways_to_quantize(product, {}, {}, {512, 4096, 4096}, 132).front().origin, "tuned");
  kernel.traits().tile_n = 96;
  EXPECT_EQ(ways(product, {}, 512, {}, 33 * 96), beside) << "one round of small tiles";
  EXPECT_EQ(ways(product, {}, 512, {}, 33 * 96 + 8), after) << "more than one";
}

TEST(WaysToQuantize, WithFewTokensTheOthersAreTriedToo) {
  const FakeKernel kernel("k"), small("small", true, 2), large("large", true, 1), waits("waits", false);
  const std::vector<cutlass::KernelChoice> all{{&kernel}, {&small}, {&large}, {&waits}};
  for (const std::int64_t m : {1, 32}) {
    EXPECT_EQ(ways({&kernel}, all, m), (Texts{"k", "k overlapping", "small overlapping", "large overlapping"}));
  }
}

TEST(WaysToQuantize, OthersAreTriedBesideWhereTheProductsOwnCannotStartEarly) {
  const FakeKernel waits("waits", false), kernel("k");
  for (const std::int64_t m : {33, 512}) {
    EXPECT_EQ(ways({&waits}, {{&waits}, {&kernel}}, m), (Texts{"waits", "k overlapping"})) << m;
  }
  EXPECT_EQ(ways({&waits}, {{&waits}, {&kernel}}, 513), Texts{"waits"});
}

TEST(WaysToQuantize, KernelsThatQuantizeAreTriedWithFewTokens) {
  const FakeKernel kernel("k", false), quantizing("q", false);
  EXPECT_EQ(ways({&kernel}, {{&kernel}}, 8, {&quantizing}), (Texts{"k", "q"}));
}

TEST(WaysToQuantize, AKernelThatCannotStartEarlyIsTriedAfterTheQuantization) {
  const FakeKernel waits("waits", false);
  EXPECT_EQ(ways({&waits}, {{&waits}}, 64), Texts{"waits"});
  EXPECT_EQ(ways({&waits}, {{&waits}}, 1), Texts{"waits"});
}

}  // namespace
}  // namespace qgemm::testing
