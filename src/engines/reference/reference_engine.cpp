#include "engines/reference/reference_engine.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/reference.hpp"

namespace qgemm::reference {
namespace {

/// Exact: K is bounded by `max_k`, so that no order of summation can leave int32.
std::int32_t dot(const std::int8_t* a, const std::int8_t* w, std::int64_t k) {
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += static_cast<std::int32_t>(a[i]) * w[i];
  return sum;
}

/// Float products are summed in double, which holds the product of two float32 exactly.
double dot(const float* a, const float* w, std::int64_t k) {
  double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(w[i]);
  return sum;
}

void copy_as_float(const ConstMatrixView& from, Matrix& to) {
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < from.rows; ++r) {
    for (std::int64_t c = 0; c < from.cols; ++c) to.row<float>(r)[c] = element(from, r, c);
  }
}

/// What both kinds of product share: the output matrix, and no part that is timed apart.
class ReferenceGemm : public PreparedGemm {
 public:
  ReferenceGemm(const GemmSpec& spec, const Operands& operands)
      : spec_(spec), operands_(operands), d_(spec.scheme.output, spec.shape.m, spec.shape.n) {}

  void launch(int set) override {
    if (spec_.scheme.quantizes_inside()) launch_quantize();
    launch_product(set);
  }
  ConstMatrixView output() const override { return d_.view(); }

 protected:
  const Shape& shape() const { return spec_.shape; }

  GemmSpec spec_;
  Operands operands_;
  mutable Matrix d_;
};

class Int8Gemm final : public ReferenceGemm {
 public:
  Int8Gemm(const GemmSpec& spec, const Operands& operands)
      : ReferenceGemm(spec, operands), weights_(operands.weights->quantized(spec.scheme.weight_scale)) {
    // Copies exist so that a cold measurement of this engine is one, like any other's.
    for (int set = 0; set < operands.weight_sets; ++set) {
      copies_.push_back(operands.weights->packed<Matrix>(
          "reference/s8/" + std::to_string(static_cast<int>(spec.scheme.weight_scale)) + "/" + std::to_string(set),
          [&] {
            auto copy = std::make_shared<Matrix>(DType::s8, weights_.values.rows(), weights_.values.cols());
            std::memcpy(copy->data(), weights_.values.data(), copy->bytes());
            return copy;
          }));
    }
    if (operands.quantized != nullptr) {
      given_ = operands.quantized;
    } else if (!spec.scheme.quantizes_inside()) {
      launch_quantize();
    }
  }

  std::string kernel() const override { return "int8 triple loop"; }
  void launch_quantize() override {
    own_ = reference::quantize_activations(spec_.scheme, operands_.static_scale, operands_.activations);
  }
  void launch_product(int set) override {
    const Matrix& w = *copies_[static_cast<std::size_t>(set)];
    const QuantizedActivations& a = quantized();
    const Epilogue epilogue{a.scales, weights_.scales, a.azp, weights_.colsum, operands_.bias};
#pragma omp parallel for collapse(2) schedule(static)
    for (std::int64_t m = 0; m < shape().m; ++m) {
      for (std::int64_t n = 0; n < shape().n; ++n) {
        const std::int32_t sum = dot(a.values.row<std::int8_t>(m), w.row<std::int8_t>(n), shape().k);
        set_element(d_.view(), m, n, dequantized(sum, m, n, epilogue));
      }
    }
  }
  const QuantizedActivations* activations() const override { return &quantized(); }
  bool accumulate(std::span<std::int32_t> sums) override {
#pragma omp parallel for collapse(2) schedule(static)
    for (std::int64_t m = 0; m < shape().m; ++m) {
      for (std::int64_t n = 0; n < shape().n; ++n) {
        sums[static_cast<std::size_t>(m * shape().n + n)] =
            dot(quantized().values.row<std::int8_t>(m), weights_.values.row<std::int8_t>(n), shape().k);
      }
    }
    return true;
  }
  std::int64_t weight_bytes() const override {
    return static_cast<std::int64_t>(copies_.size()) * static_cast<std::int64_t>(copies_.front()->bytes());
  }

 private:
  const QuantizedActivations& quantized() const { return given_ != nullptr ? *given_ : own_; }

  const QuantizedWeights& weights_;
  std::vector<std::shared_ptr<Matrix>> copies_;
  QuantizedActivations own_;
  const QuantizedActivations* given_ = nullptr;
};

/// bf16 and f32: operands rounded to the scheme's type, products summed in double, one rounding to the output type.
class FloatGemm final : public ReferenceGemm {
 public:
  FloatGemm(const GemmSpec& spec, const Operands& operands) : ReferenceGemm(spec, operands) {
    a_ = Matrix(DType::f32, shape().m, shape().k);
    const DType type = spec.scheme.weight;
    for (int set = 0; set < operands.weight_sets; ++set) {
      copies_.push_back(operands.weights->packed<Matrix>(
          "reference/" + std::string(qgemm::name(type)) + "/" + std::to_string(set), [&] {
            auto copy = std::make_shared<Matrix>(DType::f32, shape().n, shape().k);
            rounded(operands.weights->original().view(), type, *copy);
            return copy;
          }));
    }
  }

  std::string kernel() const override { return "float64 triple loop"; }
  void launch_quantize() override {}
  void launch_product(int set) override {
    rounded(operands_.activations, spec_.scheme.activation, a_);
    const Matrix& w = *copies_[static_cast<std::size_t>(set)];
#pragma omp parallel for collapse(2) schedule(static)
    for (std::int64_t m = 0; m < shape().m; ++m) {
      for (std::int64_t n = 0; n < shape().n; ++n) {
        double sum = dot(a_.row<float>(m), w.row<float>(n), shape().k);
        if (!operands_.bias.empty()) sum += static_cast<double>(operands_.bias[static_cast<std::size_t>(n)]);
        set_element(d_.view(), m, n, static_cast<float>(sum));
      }
    }
  }
  const QuantizedActivations* activations() const override { return nullptr; }
  bool accumulate(std::span<std::int32_t> /*sums*/) override { return false; }
  std::int64_t weight_bytes() const override {
    return static_cast<std::int64_t>(copies_.size()) * static_cast<std::int64_t>(copies_.front()->bytes());
  }

 private:
  static void rounded(const ConstMatrixView& from, DType type, Matrix& to) {
    copy_as_float(from, to);
    if (type != DType::bf16) return;
#pragma omp parallel for schedule(static)
    for (std::int64_t r = 0; r < to.rows(); ++r) {
      for (std::int64_t c = 0; c < to.cols(); ++c) to.row<float>(r)[c] = to_float(to_bfloat16(to.row<float>(r)[c]));
    }
  }

  Matrix a_;
  std::vector<std::shared_ptr<Matrix>> copies_;
};

class ReferenceEngine final : public HostEngine {
 public:
  std::string_view name() const override { return "reference"; }
  std::string description() const override { return "plain loops over the definition: the truth, not a contender"; }
  Support supports(const GemmSpec& spec) const override {
    if (spec.scheme.weight == DType::e4m3) {
      return Support::no("no engine of this build multiplies FP8 on a CPU; FP8 needs an NVIDIA GPU of sm_89 or newer");
    }
    return Support::yes();
  }
  std::int64_t set_bytes(const GemmSpec& spec) const override {
    return spec.shape.n * spec.shape.k * (spec.scheme.integer() ? 1 : 4);
  }
  std::int64_t memory_bytes(const GemmSpec& spec, int weight_sets) const override {
    const auto& [m, n, k] = spec.shape;
    const std::int64_t activations = m * k * (spec.scheme.integer() ? 1 : 4);
    const auto output = m * n * static_cast<std::int64_t>(size_of(spec.scheme.output));
    return set_bytes(spec) * weight_sets + activations + output;
  }
  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    if (const Support support = supports(spec); !support.ok) throw Unavailable(support.reason);
    if (spec.scheme.integer()) return std::make_unique<Int8Gemm>(spec, operands);
    return std::make_unique<FloatGemm>(spec, operands);
  }
};

}  // namespace

std::unique_ptr<HostEngine> make_engine() { return std::make_unique<ReferenceEngine>(); }

}  // namespace qgemm::reference
