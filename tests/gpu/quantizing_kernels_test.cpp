// Every kernel that quantizes its tokens: the int32 sums exactly and D of integers bit for bit, D of e4m3 within
// 2⁻⁸·(|D| + s_a·s_w·Σ|a·w|), from the codes and scales of the kernels that only quantize (quantize_test.cpp holds
// those against the plain reference), multiplied on the host.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "device_copies.hpp"
#include "gpu_test.hpp"
#include "kernels/scaled_gemm.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm::testing {
namespace {

using kernels::ScaledGemmKernel;

/// What a test multiplies.
struct Case {
  std::int64_t m = 1, n = 64, k = 256, extra_stride = 0;
  Values values = Values::normal;
  bool own_scales = true, azp = false, bias = false, scale_w_per_channel = true, streams_weights = false;

  std::string text() const {
    return "M=" + std::to_string(m) + " N=" + std::to_string(n) + " K=" + std::to_string(k) + " values " +
           std::to_string(static_cast<int>(values)) + (own_scales ? " own scales" : " given scale") +
           (azp ? " azp" : "") + (bias ? " bias" : "") + (streams_weights ? " streaming" : "");
  }
};

class QuantizingKernelsTest : public GpuTest, public ::testing::WithParamInterface<const ScaledGemmKernel*> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    if (device().capability() != traits().min_capability) GTEST_SKIP() << "not for this GPU";
    std::printf("%s, seed %llu\n", traits().name.c_str(), static_cast<unsigned long long>(test_seed()));
  }

  const ScaledGemmKernel& kernel() const { return *GetParam(); }
  const kernels::KernelTraits& traits() const { return kernel().traits(); }
  bool integer() const { return traits().input == DType::s8; }
  std::int64_t most_k(std::int64_t m) const {
    return std::min(traits().quantized_k, traits().quantized_elements / m / 16 * 16);
  }

  Scheme scheme_of(const Case& c) const {
    Scheme scheme = parse_provider(integer() ? "int8-channel-w-token-a" : "fp8-channel-w-token-a");
    if (!c.own_scales) scheme.activation_scale = ScaleGranularity::per_tensor;
    if (c.azp) scheme.zero_point = ZeroPoint::per_tensor;
    return scheme;
  }

  void check(const Case& c, std::uint64_t seed) {
    SCOPED_TRACE(c.text() + " seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Matrix x = random_matrix(random, DType::bf16, c.m, c.k, c.values);
    const auto device_x = on_device(x.view(), c.k + c.extra_stride);
    const Scheme scheme = scheme_of(c);
    const StaticScale given{0.013F, c.azp ? -31 : 0};
    auto quantized = cuda::allocate_activations(scheme, c.m, c.k, given, stream());
    cuda::enqueue_quantize(scheme, device_x.view(), quantized, stream());
    const QuantizedActivations a = cuda::download(quantized);

    Matrix w(traits().input, c.n, c.k);
    for (std::int64_t i = 0; i < c.n * c.k; ++i) {
      auto code = static_cast<std::uint8_t>(random());
      if (!integer() && (code & 0x7fU) == 0x7fU) code = 0;  // NaN
      w.row<std::uint8_t>(0)[i] = code;
    }
    const auto uniform = [&](double low, double high) {
      return static_cast<float>(std::uniform_real_distribution<double>(low, high)(random));
    };
    std::vector<float> scale_w(static_cast<std::size_t>(c.scale_w_per_channel ? c.n : 1)), bias;
    for (float& scale : scale_w) scale = uniform(0.0001, 0.01);
    if (c.bias) bias.resize(static_cast<std::size_t>(c.n));
    for (float& b : bias) b = uniform(-3, 3);
    std::vector<std::int32_t> colsum;
    for (std::int64_t j = 0; c.azp && j < c.n; ++j) {
      std::int32_t sum = 0;
      for (std::int64_t k = 0; k < c.k; ++k) sum += w.row<std::int8_t>(j)[k];
      colsum.push_back(sum);
    }

    const auto device_w = on_device(w.view());
    const auto device_scale_w = on_device(scale_w), device_bias = on_device(bias), device_colsum = on_device(colsum);
    const std::int64_t ldd = c.n + 8;
    const cuda::DeviceBuffer d(static_cast<std::size_t>(c.m * ldd) * 2);
    cuda::check(cudaMemset(d.data(), 0xff, d.size()));
    kernels::ScaledGemmArguments g;
    g.m = c.m, g.n = c.n, g.k = c.k;
    g.unquantized = {device_x.data(), device_x.stride(), c.own_scales, quantized.bad_row.as<std::uint32_t>()};
    g.w = device_w.data(), g.ldw = c.k;
    g.scale_a = c.own_scales ? nullptr : quantized.scales.as<float>();
    g.scale_w = device_scale_w.as<float>(), g.scale_w_per_channel = c.scale_w_per_channel;
    g.azp = quantized.azp.as<std::int32_t>(), g.colsum = device_colsum.as<std::int32_t>();
    g.bias = device_bias.as<float>();
    g.d = d.data(), g.ldd = ldd;
    g.streams_weights = c.streams_weights;
    cuda::check(cudaDeviceSynchronize());  // the kernel's stream does not wait for copies
    kernel().prepare(g, nullptr)->enqueue(stream());
    cuda::check(cudaStreamSynchronize(stream()));
    cuda::check_activations(quantized, stream());
    std::vector<std::uint16_t> result(static_cast<std::size_t>(c.m * ldd));
    cuda::check(cudaMemcpy(result.data(), d.data(), d.size(), cudaMemcpyDeviceToHost));

    std::vector<std::int32_t> sums(static_cast<std::size_t>(c.m * c.n));
    if (integer()) {
      const cuda::DeviceBuffer tapped(sums.size() * sizeof(std::int32_t));
      kernels::enqueue_sums(kernel(), g, c.n, tapped.as<std::int32_t>(), nullptr, stream());
      cuda::check(cudaStreamSynchronize(stream()));
      cuda::check(cudaMemcpy(sums.data(), tapped.data(), tapped.size(), cudaMemcpyDeviceToHost));
    }
    std::int64_t wrong_sums = 0, wrong = 0, touched = 0;
    for (std::int64_t i = 0; i < c.m; ++i) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        const float factor = scale_w[static_cast<std::size_t>(c.scale_w_per_channel ? j : 0)];
        const float added = c.bias ? bias[static_cast<std::size_t>(j)] : 0.0F;
        const std::uint16_t bits = result[static_cast<std::size_t>(i * ldd + j)];
        if (integer()) {
          std::int64_t sum = 0;
          for (std::int64_t k = 0; k < c.k; ++k) sum += a.values.row<std::int8_t>(i)[k] * w.row<std::int8_t>(j)[k];
          wrong_sums += sums[static_cast<std::size_t>(i * c.n + j)] != sum;
          if (c.azp) sum -= std::int64_t{a.zero_point(i)} * colsum[static_cast<std::size_t>(j)];
          float value = a.scale(i) * (factor * static_cast<float>(sum));
          if (c.bias) value += added;
          wrong += bits != bits_of(value);
        } else {
          wrong += !is_near(value_of(bits), a, w, i, j, factor, added);
        }
      }
      for (std::int64_t j = c.n; j < ldd; ++j) touched += result[static_cast<std::size_t>(i * ldd + j)] != 0xffff;
    }
    EXPECT_EQ(wrong_sums, 0);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(touched, 0);
  }

  /// One rounding to bf16, and tensor cores that keep about 14 bits of a running sum.
  static bool is_near(double value, const QuantizedActivations& a, const Matrix& w, std::int64_t i, std::int64_t j,
                      float scale_w, float bias) {
    double sum = 0, magnitude = 0;
    for (std::int64_t k = 0; k < w.cols(); ++k) {
      const double term = static_cast<double>(element(a.values.view(), i, k)) * element(w.view(), j, k);
      sum += term;
      magnitude += std::fabs(term);
    }
    const double scale = static_cast<double>(a.scale(i)) * scale_w, exact = scale * sum + bias;
    return std::fabs(value - exact) <= (std::fabs(exact) + scale * magnitude) / 256;
  }

  std::uint16_t bits_of(float value) const {
    return traits().output == DType::bf16 ? to_bfloat16(value).bits : to_float16(value).bits;
  }
  double value_of(std::uint16_t bits) const {
    return traits().output == DType::bf16 ? to_float(BFloat16{bits}) : to_float(Float16{bits});
  }
};

TEST_P(QuantizingKernelsTest, RandomTokensAndShapes) {
  std::mt19937_64 random(test_seed());
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  // e4m3's bound is relative: values whose results would be subnormal or infinite are the integers' alone.
  std::vector<Values> kinds{Values::normal,    Values::outliers,  Values::integers,     Values::ties,
                            Values::zero_rows, Values::one_sided, Values::constant_rows};
  if (integer()) kinds.insert(kinds.end(), {Values::tiny, Values::huge, Values::far_and_narrow});
  for (int round = 0; round < 20; ++round) {
    Case c;
    c.m = round == 0 ? 1 : pick(1, traits().tile_m);
    c.n = 8 * pick(1, 60);
    c.k = 16 * pick(1, (round < 16 ? std::min<std::int64_t>(most_k(c.m), 2048) : most_k(c.m)) / 16);
    c.values = kinds[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(kinds.size()) - 1))];
    c.own_scales = pick(0, 3) != 0;
    c.azp = !c.own_scales && integer() && pick(0, 1) == 1;
    c.bias = pick(0, 2) == 0;
    c.scale_w_per_channel = pick(0, 3) != 0;
    c.extra_stride = 8 * pick(0, 2);
    c.streams_weights = pick(0, 1) == 1;
    check(c, random());
  }
}

TEST_P(QuantizingKernelsTest, AsMuchKAsItHasRoomFor) {
  for (const std::int64_t m : {std::int64_t{1}, std::int64_t{traits().tile_m}}) {
    check({.m = m, .n = 136, .k = most_k(m), .values = Values::outliers, .streams_weights = m == 1}, test_seed() + 1);
  }
}

TEST_P(QuantizingKernelsTest, BlocksGoOnToFurtherTiles) {
  check({.m = 3, .n = 64 * 300 + 8, .k = 272}, test_seed() + 2);
}

TEST_P(QuantizingKernelsTest, TellsOfRowsThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    for (const bool own_scales : {true, false}) {
      std::mt19937_64 random(test_seed() + 3);
      Matrix x = random_matrix(random, DType::bf16, 5, 512, Values::normal);
      set_element(x.view(), 2, 511, bad);
      set_element(x.view(), 4, 0, bad);
      const auto device_x = on_device(x.view()), w = on_device(Matrix(traits().input, 64, 512).view());
      const auto scale = on_device(std::vector<float>{1.0F}), row = on_device(std::vector<std::uint32_t>{0xffffffffU});
      const cuda::DeviceMatrix d(traits().output, 5, 64);
      kernels::ScaledGemmArguments g;
      g.m = 5, g.n = 64, g.k = 512;
      g.unquantized = {device_x.data(), 512, own_scales, row.as<std::uint32_t>()};
      g.w = w.data(), g.ldw = 512;
      g.scale_a = g.scale_w = scale.as<float>();
      g.d = d.data(), g.ldd = 64;
      cuda::check(cudaDeviceSynchronize());
      kernel().prepare(g, nullptr)->enqueue(stream());
      cuda::check(cudaStreamSynchronize(stream()));
      std::uint32_t found = 0;
      cuda::check(cudaMemcpy(&found, row.data(), sizeof found, cudaMemcpyDeviceToHost));
      EXPECT_EQ(found, 2U) << bad << (own_scales ? ", own scales" : ", given scale");
    }
  }
}

TEST_P(QuantizingKernelsTest, RefusesWhatItCannotTake) {
  const cuda::DeviceBuffer memory(std::size_t{1} << 20);
  const auto refused = [&](const char* what, auto change) {
    kernels::ScaledGemmArguments g;
    g.m = 1, g.n = 64, g.k = 64;
    g.unquantized = {memory.data(), 64, true, memory.as<std::uint32_t>()};
    g.w = memory.data(), g.ldw = 64;
    g.scale_w = memory.as<float>();
    g.d = memory.data(), g.ldd = 64;
    EXPECT_NO_THROW(kernel().prepare(g, nullptr));
    change(g);
    EXPECT_THROW(kernel().prepare(g, nullptr), Unavailable) << what;
  };
  refused("tokens", [&](auto& g) { g.m = traits().tile_m + 1; });
  const auto k = [](auto& g, std::int64_t extent) { g.k = g.ldw = g.unquantized.stride = extent; };
  refused("K", [&](auto& g) { k(g, traits().quantized_k + 16); });
  refused("elements", [&](auto& g) { g.m = traits().tile_m, k(g, traits().quantized_elements / g.m / 16 * 16 + 16); });
  refused("no activations", [](auto& g) { g.unquantized = {}; });
  refused("their stride", [](auto& g) { g.unquantized.stride = 68; });
  refused("their start", [](auto& g) { g.unquantized.x = static_cast<const char*>(g.unquantized.x) + 2; });
  refused("nobody told", [](auto& g) { g.unquantized.bad_row = nullptr; });
  refused("no scale", [](auto& g) { g.unquantized.own_scales = false; });
  if (integer()) refused("zero points", [](auto& g) { g.azp = g.colsum = static_cast<const std::int32_t*>(g.w); });
}

std::vector<const ScaledGemmKernel*> quantizing() {
  std::vector<const ScaledGemmKernel*> kernels;
  for (const auto* kernel : kernels::all_kernels()) {
    if (kernel->traits().quantizes()) kernels.push_back(kernel);
  }
  return kernels;
}

std::string test_name(const ::testing::TestParamInfo<const ScaledGemmKernel*>& info) {
  return info.param->traits().name + "_" + std::string(name(info.param->traits().output));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(QuantizingKernelsTest);
INSTANTIATE_TEST_SUITE_P(All, QuantizingKernelsTest, ::testing::ValuesIn(quantizing()), test_name);

}  // namespace
}  // namespace qgemm::testing
