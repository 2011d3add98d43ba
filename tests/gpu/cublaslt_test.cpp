#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/graph.hpp"
#include "engines/cublaslt/cublaslt_engine.hpp"
#include "engines/cublaslt/library.hpp"
#include "engines/cublaslt/matmul.hpp"
#include "gpu_test.hpp"
#include "qgemm/error.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm::cublaslt {
namespace {

using testing::random_matrix;
using testing::Values;

constexpr int operand_sets = 3;

/// Random operands on the device and, as they are multiplied, on the host.
struct Problem {
  GemmSpec spec;
  Matrix a, w;
  std::vector<float> bias;
  std::vector<cuda::DeviceMatrix> a_sets;
  cuda::DeviceBuffer device_bias;
  cuda::DeviceOperands operands;
};

cuda::DeviceMatrix uploaded(const Matrix& host) {
  cuda::DeviceMatrix device(host.dtype(), host.rows(), host.cols());
  cuda::copy_to_device(host.view(), device.view());
  return device;
}

std::unique_ptr<Problem> make_problem(const GemmSpec& spec, std::mt19937_64& rng, cudaStream_t stream) {
  auto problem = std::make_unique<Problem>();
  const auto& [m, n, k] = spec.shape;
  const DType input = spec.scheme.quantized() ? DType::bf16 : spec.scheme.activation;
  problem->spec = spec;
  problem->a = random_matrix(rng, input, m, k, Values::normal);
  problem->w = random_matrix(rng, input, n, k, Values::normal);
  problem->operands.weights = std::make_shared<cuda::DeviceWeights>(uploaded(problem->w), ScaleSource::absmax, stream);
  for (int set = 0; set < operand_sets; ++set) problem->a_sets.push_back(uploaded(problem->a));
  for (const auto& a : problem->a_sets) problem->operands.activations.push_back(a.view());
  if (spec.bias) {
    problem->bias.assign(static_cast<std::size_t>(cuda::padded(n)), 0.0F);
    const Matrix values = random_matrix(rng, spec.scheme.output, 1, n, Values::normal);
    for (std::int64_t i = 0; i < n; ++i) problem->bias[static_cast<std::size_t>(i)] = element(values.view(), 0, i);
    problem->device_bias = cuda::DeviceBuffer(problem->bias.size() * sizeof(float));
    cuda::copy_to_device(problem->bias.data(), problem->device_bias.data(), problem->device_bias.size());
    problem->operands.bias = problem->device_bias.as<const float>();
  }
  if (spec.scheme.activation_scale == ScaleGranularity::per_tensor && !spec.scheme.dynamic_tensor) {
    problem->operands.static_scale =
        cuda::calibrate(spec.scheme, problem->a_sets[0].view(), ScaleSource::absmax, stream);
  }
  return problem;
}

Matrix downloaded(const cuda::DeviceView& view) {
  Matrix host(view.dtype, view.rows, view.cols);
  cuda::copy_to_host(view, host.view());
  return host;
}

float downloaded(const cuda::DeviceBuffer& one) {
  float value = 0;
  cuda::check(cudaMemcpy(&value, one.data(), sizeof(value), cudaMemcpyDeviceToHost));
  return value;
}

std::vector<double> widened(const Matrix& matrix) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(matrix.rows() * matrix.cols()));
  for (std::int64_t r = 0; r < matrix.rows(); ++r) {
    for (std::int64_t c = 0; c < matrix.cols(); ++c) values.push_back(element(matrix.view(), r, c));
  }
  return values;
}

/// Every element of D against float64: one rounding to its type, and `accumulation` of the sum of absolute products for
/// the float32 (or fast e4m3) accumulation.
void expect_product(const Problem& problem, const Matrix& a, const Matrix& w, double scale, const Matrix& d,
                    double accumulation) {
  const auto& [m, n, k] = problem.spec.shape;
  const double rounding = d.dtype() == DType::bf16 ? 0x1p-8 : d.dtype() == DType::f16 ? 0x1p-11 : 0x1p-23;
  const double smallest = d.dtype() == DType::f16 ? 0x1p-25 : 0;  // half of what subnormal f16 are apart
  const std::vector<double> wide_a = widened(a), wide_w = widened(w);
  int wrong = 0;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0, absolute = 0;
      const double* const row = wide_a.data() + i * a.cols();
      const double* const channel = wide_w.data() + j * w.cols();
      for (std::int64_t x = 0; x < k; ++x) {
        const double product = row[x] * channel[x];
        sum += product;
        absolute += std::abs(product);
      }
      const double bias = problem.bias.empty() ? 0 : problem.bias[static_cast<std::size_t>(j)];
      const double expected = scale * sum + bias;
      // Where N is odd, the library rounds the product to D's type before it adds the bias, and again after.
      const double allowed =
          (problem.bias.empty() ? 1 : 2) * (rounding * (std::abs(expected) + std::abs(bias)) + smallest) +
          accumulation * (scale * absolute + std::abs(bias));
      const double got = element(d.view(), i, j);
      if (!(std::abs(got - expected) <= allowed) && ++wrong <= 3) {
        ADD_FAILURE() << "D[" << i << "," << j << "] is " << got << ", expected " << expected << " +- " << allowed;
      }
    }
  }
  EXPECT_EQ(wrong, 0);
}

class CublasLtTest : public testing::GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    if (find_library().library == nullptr) GTEST_SKIP() << find_library().reason;
    std::printf("seed %llu\n", static_cast<unsigned long long>(testing::test_seed()));
  }

  /// Prepares, launches all sets from a graph, compares each with float64 and with one another.
  void check(const cuda::CudaEngine& engine, const GemmSpec& spec, double accumulation, bool rotate = true) {
    SCOPED_TRACE(provider_name(spec.scheme) + " " + std::to_string(spec.shape.m) + "x" + std::to_string(spec.shape.n) +
                 "x" + std::to_string(spec.shape.k) + (spec.bias ? " bias" : "") + " to " +
                 std::string(name(spec.scheme.output)) + " by " + std::string(engine.name()));
    const Support support = engine.supports(spec);
    ASSERT_TRUE(support.ok) << support.reason;
    const auto problem = make_problem(spec, rng_, stream());
    problem->operands.rotate = rotate;
    const auto gemm = engine.prepare(spec, problem->operands, stream());
    EXPECT_NE(gemm->kernel().find("cublasLt algo"), std::string::npos) << gemm->kernel();
    EXPECT_GE(engine.memory_bytes(spec, operand_sets), gemm->rotated_bytes());
    EXPECT_EQ(operand_sets * engine.set_bytes(spec), gemm->rotated_bytes());
    for (int set = 0; set < operand_sets; ++set) clear(gemm->output(set));
    const cuda::Graph graph = cuda::Graph::capture(stream(), [&](cudaStream_t captured) {
      for (int set = 0; set < operand_sets; ++set) gemm->launch(set, captured);
    });
    graph.launch(stream());
    cuda::check(cudaStreamSynchronize(stream()));
    const Matrix d = downloaded(gemm->output(0));
    for (int set = 1; set < operand_sets; ++set) {
      const Matrix other = downloaded(gemm->output(set));
      EXPECT_EQ(std::memcmp(d.data(), other.data(), d.bytes()), 0) << "set " << set;
    }
    graph.launch(stream());
    cuda::check(cudaStreamSynchronize(stream()));
    EXPECT_EQ(std::memcmp(d.data(), downloaded(gemm->output(0)).data(), d.bytes()), 0) << "not the same bits again";
    if (!spec.scheme.quantized()) {
      expect_product(*problem, problem->a, problem->w, 1, d, accumulation);
      return;
    }
    const auto& weights = problem->operands.weights->quantized(DType::e4m3, ScaleGranularity::per_tensor);
    const cuda::DeviceActivations& activations = *gemm->activations(0);
    const double scale = static_cast<double>(downloaded(weights.scales)) * downloaded(activations.scales);
    expect_product(*problem, downloaded(activations.values.view()), downloaded(weights.values.view()), scale, d,
                   accumulation);
  }

  std::mt19937_64 rng_{testing::test_seed()};

 private:
  void clear(const cuda::DeviceView& d) {
    const std::size_t size = size_of(d.dtype);
    cuda::check(cudaMemset2D(d.data, static_cast<std::size_t>(d.stride) * size, 0xff,
                             static_cast<std::size_t>(d.cols) * size, static_cast<std::size_t>(d.rows)));
    cuda::check(cudaDeviceSynchronize());
  }
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{{1, 1, 1},      {1, 17, 33},     {3, 5, 1},     {7, 129, 255},
                                      {64, 256, 512}, {33, 250, 4097}, {130, 48, 16}, {257, 129, 1000}};
  return all;
}

Scheme with_output(const char* provider, DType output) {
  Scheme scheme = parse_provider(provider);
  scheme.output = output;
  return scheme;
}

// The accumulators of the tensor cores keep a few bits less than float32, and cut off.
constexpr double bf16_accumulation = 0x1p-18, f32_accumulation = 0x1p-20, fp8_accumulation = 0x1p-11;

TEST(CublasLtLibrary, IsFoundOrSaysWhatToDo) {
  const LibrarySearch& search = find_library();
  if (search.library == nullptr) {
    EXPECT_NE(search.reason.find("QGEMM_CUBLASLT"), std::string::npos) << search.reason;
    return;
  }
  std::printf("cuBLASLt %s from %s\n", search.library->version.c_str(), search.library->path.c_str());
  EXPECT_GE(std::stoi(search.library->version), 12);
}

TEST(CublasLtEngine, RefusesWithReasons) {
  cuda::Device ampere;
  ampere.major = 8;
  const auto engine = make_engine(ampere);
  const auto reason = [&](const Scheme& scheme, bool bias = false) {
    const Support support = engine->supports({{16, 16, 16}, scheme, bias});
    return support.ok ? std::string() : support.reason;
  };
  EXPECT_NE(reason(parse_provider("int8-tensor-w-tensor-a")).find("int32"), std::string::npos);
  EXPECT_NE(reason(parse_provider("fp8-tensor-w-tensor-a")).find("8.9"), std::string::npos);
  EXPECT_NE(reason(with_output("bf16", DType::f16)).find("bf16"), std::string::npos);
  EXPECT_NE(reason(with_output("f32", DType::bf16)).find("f32"), std::string::npos);
}

TEST(CublasLtEngine, AlignmentIsOfThePointer) {
  EXPECT_EQ(alignment_of(reinterpret_cast<const void*>(0x1000)), 256U);
  EXPECT_EQ(alignment_of(reinterpret_cast<const void*>(0x1002)), 2U);
  EXPECT_EQ(alignment_of(reinterpret_cast<const void*>(0x1010)), 16U);
}

TEST_F(CublasLtTest, Bf16) {
  const auto engine = make_engine(device());
  for (const Shape& shape : shapes()) {
    for (const bool bias : {false, true}) {
      check(*engine, {shape, parse_provider("bf16"), bias}, bf16_accumulation);
      check(*engine, {shape, with_output("bf16", DType::f32), bias}, bf16_accumulation);
    }
  }
}

TEST_F(CublasLtTest, F32WithoutTf32) {
  const auto engine = make_engine(device());
  for (const Shape& shape : shapes()) {
    for (const bool bias : {false, true}) check(*engine, {shape, parse_provider("f32"), bias}, f32_accumulation);
  }
}

TEST_F(CublasLtTest, Fp8) {
  if (device().capability() < 89) GTEST_SKIP() << "no FP8 on this GPU";
  const auto engine = make_engine(device());
  for (const Shape& shape : shapes()) {
    for (const char* provider :
         {"fp8-tensor-w-tensor-a", "fp8-tensor-w-tensor-a-noquant", "fp8-tensor-w-dyntensor-a"}) {
      for (const DType output : {DType::bf16, DType::f16, DType::f32}) {
        const bool bias = output != DType::f32 && rng_() % 2 == 0;
        check(*engine, {shape, with_output(provider, output), bias}, fp8_accumulation);
      }
    }
  }
}

TEST_F(CublasLtTest, BestOfEight) {
  const auto engine = make_best_engine(device());
  for (const Shape& shape : {Shape{1, 256, 512}, Shape{65, 250, 999}}) {
    for (const bool rotate : {true, false}) {
      check(*engine, {shape, parse_provider("bf16"), true}, bf16_accumulation, rotate);
      if (device().capability() >= 89) {
        check(*engine, {shape, parse_provider("fp8-tensor-w-tensor-a"), true}, fp8_accumulation, rotate);
      }
    }
  }
  const auto problem = make_problem({{16, 64, 64}, parse_provider("bf16")}, rng_, stream());
  EXPECT_NE(engine->prepare(problem->spec, problem->operands, stream())->note().find("best of 8"), std::string::npos);
}

TEST_F(CublasLtTest, ActivationsOfAnotherTypeAreConverted) {
  const auto engine = make_engine(device());
  const GemmSpec spec{{17, 40, 129}, parse_provider("bf16")};
  const auto problem = make_problem(spec, rng_, stream());
  const auto plain = engine->prepare(spec, problem->operands, stream());
  plain->launch(0, stream());
  cuda::DeviceMatrix wide(DType::f32, 17, 129);
  cuda::enqueue_convert(problem->a_sets[0].view(), wide.view(), stream());
  cuda::DeviceOperands other = problem->operands;
  other.activations = {wide.view()};
  const auto converted = engine->prepare(spec, other, stream());
  converted->launch(0, stream());
  cuda::check(cudaStreamSynchronize(stream()));
  const Matrix a = downloaded(plain->output(0)), b = downloaded(converted->output(0));
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0);
}

}  // namespace
}  // namespace qgemm::cublaslt
