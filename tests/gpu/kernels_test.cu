// Every kernel of quantized operands that this GPU can run, against plain loops: the int32 sums exactly, D of integers
// bit for bit (its formula computed on the host), D of e4m3 within 2⁻⁸·(|D| + s_a·s_w·Σ|a·w|) of float64: one rounding
// to bf16, and tensor cores that keep about 14 bits of a running sum.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "gpu_test.hpp"
#include "kernels_problem.cuh"
#include "qgemm/error.hpp"
#include "test_seed.hpp"

namespace qgemm::testing {
namespace {

using kernels::KernelTraits;
using kernels::ScaledGemmKernel;

std::uint16_t bits_of(float value, DType output) {
  return output == DType::bf16 ? to_bfloat16(value).bits : to_float16(value).bits;
}

double value_of(std::uint16_t bits, DType output) {
  return output == DType::bf16 ? to_float(BFloat16{bits}) : to_float(Float16{bits});
}

template <class T>
T at(const std::vector<T>& values, std::int64_t i) {
  return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(i)];
}

/// Lets its successor start at once, and writes long after.
__global__ void write_late(std::uint8_t* to, const std::uint8_t* from, std::int64_t count) {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;\n" ::: "memory");
#endif
  const long long started = clock64();
  while (clock64() - started < 100'000) {
  }
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += static_cast<std::int64_t>(gridDim.x) * blockDim.x) {
    to[i] = from[i];
  }
}

class KernelsTest : public GpuTest, public ::testing::WithParamInterface<const ScaledGemmKernel*> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    const int capability = device().capability();
    if (traits().only_this_family ? capability != traits().min_capability : capability < traits().min_capability) {
      GTEST_SKIP() << "not for this GPU";
    }
    std::printf("%s, seed %llu\n", traits().name.c_str(), static_cast<unsigned long long>(test_seed()));
  }

  const ScaledGemmKernel& kernel() const { return *GetParam(); }
  const KernelTraits& traits() const { return kernel().traits(); }
  bool integer() const { return traits().input == DType::s8; }

  void run(const Problem& problem) {
    const auto arguments = problem.arguments();
    const cuda::DeviceBuffer workspace(kernel().workspace_bytes(arguments));
    kernel().prepare(arguments, workspace.data())->enqueue(stream());
    cuda::check(cudaStreamSynchronize(stream()));
  }

  std::vector<std::int32_t> sums(const Problem& problem, std::int64_t columns) {
    const auto arguments = problem.arguments();
    const cuda::DeviceBuffer workspace(kernel().workspace_bytes(arguments));
    const cuda::DeviceBuffer out(static_cast<std::size_t>(arguments.m * columns) * sizeof(std::int32_t));
    cuda::check(cudaMemset(out.data(), 0xa5, out.size()));
    cuda::check(cudaDeviceSynchronize());
    kernels::enqueue_sums(kernel(), arguments, columns, out.as<std::int32_t>(), workspace.data(), stream());
    cuda::check(cudaStreamSynchronize(stream()));
    return to_host<std::int32_t>(out);
  }

  void check_integers(const Problem& problem) {
    const auto& o = problem.options();
    const auto expected = problem.integer_sums();
    const std::int64_t columns = o.n - o.n % 16 / 2;  // where N was padded, not all are wanted
    const auto tapped = sums(problem, columns);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < o.m; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        wrong += tapped[static_cast<std::size_t>(i * columns + j)] != expected[static_cast<std::size_t>(i * o.n + j)];
      }
    }
    EXPECT_EQ(wrong, 0) << "sums, " << o.text();

    run(problem);
    const auto result = problem.result();
    wrong = 0;
    for (std::int64_t i = 0; i < o.m; ++i) {
      for (std::int64_t j = 0; j < o.n; ++j) {
        const auto n = static_cast<std::size_t>(j);
        std::int64_t sum = expected[static_cast<std::size_t>(i * o.n + j)];
        if (o.azp) sum -= static_cast<std::int64_t>(at(problem.azp, i)) * problem.colsum[n];
        float value = at(problem.scale_a, i) * (at(problem.scale_w, j) * static_cast<float>(sum));
        if (o.bias) value += problem.bias[n];
        wrong += result[static_cast<std::size_t>(i * (o.n + o.extra_stride) + j)] != bits_of(value, traits().output);
      }
    }
    EXPECT_EQ(wrong, 0) << "results, " << o.text();
    check_gaps(problem, result);
  }

  void check_floats(const Problem& problem) {
    const auto& o = problem.options();
    const auto [expected, magnitudes] = problem.float_sums();
    run(problem);
    const auto result = problem.result();
    double worst = 0;
    for (std::int64_t i = 0; i < o.m; ++i) {
      for (std::int64_t j = 0; j < o.n; ++j) {
        const auto at_sum = static_cast<std::size_t>(i * o.n + j);
        const double scale = static_cast<double>(at(problem.scale_a, i)) * at(problem.scale_w, j);
        const double exact = scale * expected[at_sum] + (o.bias ? problem.bias[static_cast<std::size_t>(j)] : 0.0);
        const double given =
            value_of(result[static_cast<std::size_t>(i * (o.n + o.extra_stride) + j)], traits().output);
        const double error = std::fabs(given - exact) / (std::fabs(exact) + scale * magnitudes[at_sum]);
        worst = std::isnan(error) ? INFINITY : std::max(worst, error);
      }
    }
    EXPECT_LE(worst, 1.0 / 256) << o.text();
    check_gaps(problem, result);
  }

  /// Nothing is written between rows.
  static void check_gaps(const Problem& problem, const std::vector<std::uint16_t>& result) {
    const auto& o = problem.options();
    std::int64_t touched = 0;
    for (std::int64_t i = 0; i < o.m; ++i) {
      for (std::int64_t j = o.n; j < o.n + o.extra_stride; ++j) {
        touched += result[static_cast<std::size_t>(i * (o.n + o.extra_stride) + j)] != 0xffff;
      }
    }
    EXPECT_EQ(touched, 0) << o.text();
  }

  void check_product(const ProblemOptions& options, std::uint64_t seed) {
    const Problem problem(options, seed);
    if (integer())
      check_integers(problem);
    else
      check_floats(problem);
  }
};

std::string test_name(const ::testing::TestParamInfo<const ScaledGemmKernel*>& info) {
  return info.param->traits().name + "_" + std::string(name(info.param->traits().output));
}

TEST_P(KernelsTest, RandomShapesAndOptions) {
  std::mt19937_64 random(test_seed());
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int round = 0; round < 10; ++round) {
    ProblemOptions o;
    o.integer = integer();
    o.m = round == 0 ? 1 : pick(0, 149) * 2 + 1;
    o.n = 8 * pick(1, 150);
    o.k = 16 * pick(1, 160);
    o.scale_a_per_row = pick(0, 1) == 1;
    o.scale_w_per_channel = pick(0, 1) == 1;
    const bool full = round % 2 == 1;
    o.azp = full && integer() && pick(0, 2) != 0;
    o.azp_per_row = o.azp && pick(0, 1) == 1;
    o.bias = full && (pick(0, 2) != 0 || !o.azp);
    o.extra_stride = pick(0, 2) * 16;
    o.raster = static_cast<int>(pick(0, 2));
    o.swizzle = 1 << pick(0, 3);
    o.streams_weights = pick(0, 1) == 1;
    check_product(o, random());
  }
}

TEST_P(KernelsTest, ManyTilesEachOrder) {
  for (const int raster : {0, 1, 2}) {
    ProblemOptions o;
    o.integer = integer();
    o.m = 1201;
    o.n = 4104;
    o.k = 528;
    o.scale_a_per_row = o.scale_w_per_channel = true;
    o.azp = o.azp_per_row = raster == 1 && integer();
    o.bias = raster == 1;
    o.raster = raster;
    o.swizzle = raster == 0 ? 1 : 8;
    o.streams_weights = raster == 2;
    check_product(o, test_seed() + 17);
  }
}

TEST_P(KernelsTest, SumsAtTheEndsOfInt32) {
  if (!integer()) GTEST_SKIP() << "has no int32 sums";
  for (const bool azp : {false, true}) {
    ProblemOptions o;
    o.m = 19;
    o.n = 72;
    o.k = 131071 / 16 * 16;
    o.fill = Fill::limits;
    o.scale_a_per_row = o.scale_w_per_channel = o.azp = o.azp_per_row = azp;
    check_product(o, test_seed() + 3);
  }
}

TEST_P(KernelsTest, WaitsForTheKernelThatWritesItsActivations) {
  if (!traits().overlaps) GTEST_SKIP() << "never starts early";
  ProblemOptions o;
  o.integer = integer();
  o.m = 40;
  o.n = 1024;
  o.k = 2048;
  o.scale_a_per_row = o.scale_w_per_channel = true;
  const Problem problem(o, test_seed() + 5);
  run(problem);
  const auto expected = problem.result();

  const auto arguments = problem.arguments();
  auto* a = const_cast<std::uint8_t*>(static_cast<const std::uint8_t*>(arguments.a));
  const auto bytes = static_cast<std::size_t>(o.m * o.k);
  const cuda::DeviceBuffer kept(bytes), workspace(kernel().workspace_bytes(arguments));
  cuda::check(cudaMemcpy(kept.data(), a, bytes, cudaMemcpyDeviceToDevice));
  const auto launch = kernel().prepare(arguments, workspace.data());
  for (int again = 0; again < 3; ++again) {
    cuda::check(cudaMemset(a, 0x55, bytes));
    cuda::check(cudaMemset(arguments.d, 0xff, static_cast<std::size_t>(o.m * o.n) * 2));
    cuda::check(cudaDeviceSynchronize());
    write_late<<<16, 256, 0, stream()>>>(a, kept.as<std::uint8_t>(), o.m * o.k);
    cuda::check_launch();
    launch->enqueue(stream(), true);
    cuda::check(cudaStreamSynchronize(stream()));
    EXPECT_EQ(problem.result(), expected) << "run " << again;
  }
}

TEST_P(KernelsTest, RefusesWhatItCannotTake) {
  ProblemOptions o;
  o.integer = integer();
  o.n = o.k = 64;
  const Problem problem(o, 1);
  const auto refused = [&](auto change) {
    auto arguments = problem.arguments();
    change(arguments);
    EXPECT_THROW(kernel().prepare(arguments, nullptr), Unavailable);
  };
  refused([](auto& g) { g.k = 63; });
  refused([](auto& g) { g.n = 63; });
  refused([](auto& g) { g.m = 0; });
  refused([](auto& g) { g.lda = 72; });
  refused([](auto& g) { g.ldd = 56; });
  refused([](auto& g) { g.d = static_cast<char*>(g.d) + 2; });
  refused([](auto& g) { g.swizzle = 3; });
  if (!integer()) refused([](auto& g) { g.tap = 0; });
}

std::vector<const ScaledGemmKernel*> of_quantized_operands() {
  std::vector<const ScaledGemmKernel*> kernels;
  for (const auto* kernel : kernels::all_kernels()) {
    if (!kernel->traits().quantizes()) kernels.push_back(kernel);
  }
  return kernels;
}

INSTANTIATE_TEST_SUITE_P(All, KernelsTest, ::testing::ValuesIn(of_quantized_operands()), test_name);

TEST(KernelList, NamesAreUniqueAndFound) {
  std::set<std::pair<std::string, DType>> names;
  for (const ScaledGemmKernel* kernel : kernels::all_kernels()) {
    const auto& traits = kernel->traits();
    EXPECT_TRUE(names.emplace(traits.name, traits.output).second) << traits.name;
    EXPECT_EQ(&kernels::find_kernel(traits.name, traits.output), kernel);
  }
  EXPECT_FALSE(names.empty());
  EXPECT_THROW(kernels::find_kernel("sm90_s8_1x1x1", DType::bf16), InvalidInput);
}

}  // namespace
}  // namespace qgemm::testing
