#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "accuracy/cuda/device_float_proof.hpp"
#include "device_copies.hpp"
#include "gpu_test.hpp"
#include "qgemm/error.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using cuda::DeviceFloatProof;
using testing::on_device;
using testing::test_seed;

void store(Matrix& x, std::int64_t r, std::int64_t c, float value) {
  if (x.dtype() == DType::e4m3) {
    x.row<E4M3>(r)[c] = to_e4m3(value);
  } else {
    set_element(x.view(), r, c, value);
  }
}

/// A sum as Hopper's tensor cores make it of e4m3 products: 32 at a time, all aligned to the largest of them and of the
/// sum so far, what lies below 13 fraction bits of that cut off.
float sum_of_few_bits(const std::vector<float>& a, const std::vector<float>& w) {
  double sum = 0;
  for (std::size_t first = 0; first < a.size(); first += 32) {
    double largest = std::abs(sum);
    const std::size_t last = std::min(first + 32, a.size());
    for (std::size_t k = first; k < last; ++k) largest = std::max(largest, std::abs(static_cast<double>(a[k]) * w[k]));
    if (largest == 0) continue;
    const double unit = std::ldexp(1.0, std::ilogb(largest) - 13);
    double next = std::trunc(sum / unit);
    for (std::size_t k = first; k < last; ++k) next += std::trunc(static_cast<double>(a[k]) * w[k] / unit);
    sum = next * unit;
  }
  return static_cast<float>(sum);
}

float sum_in_float32(const std::vector<float>& a, const std::vector<float>& w) {
  float sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * w[k];
  return sum;
}

enum class Scales : std::uint8_t { none, one, many };

/// A float product as a kernel would make it.
class Problem {
 public:
  Problem(std::mt19937_64& rng, std::int64_t m, std::int64_t n, std::int64_t k, DType operand, DType output,
          Scales scales, bool biased)
      : a_(operand, m, k), w_(operand, n, k), d_(output, m, n) {
    std::normal_distribution<float> normal(0, operand == DType::e4m3 ? 100.0F : 1.0F);
    for (std::int64_t r = 0; r < m; ++r) fill_row(a_, r, [&] { return normal(rng); });
    // A channel without weights has no scale.
    for (std::int64_t r = 0; r < n; ++r) {
      const bool empty = scales == Scales::many && r % 11 == 5;
      fill_row(w_, r, [&] { return empty ? 0.0F : normal(rng); });
      if (scales == Scales::many)
        scale_w_.push_back(empty ? 0.0F
                                 : std::ldexp(1.0F + 0.1F * static_cast<float>(r % 7), static_cast<int>(r % 5) - 12));
    }
    if (scales == Scales::one) scale_w_ = {0.0123F};
    for (std::int64_t r = 0; r < (scales == Scales::many ? m : scales == Scales::one ? 1 : 0); ++r) {
      scale_a_.push_back(0.01F * static_cast<float>(r % 9 + 1));
    }
    for (std::int64_t i = 0; biased && i < n; ++i) {
      Matrix one(output, 1, 1);
      set_element(one.view(), 0, 0, 10 * normal(rng) * (scale_w_.empty() ? 1.0F : 0.001F));
      bias_.push_back(element(one.view(), 0, 0));
    }
    multiply();
    device_a_ = on_device(a_.view());
    device_w_ = on_device(w_.view());
    device_scale_a_ = on_device(scale_a_);
    device_scale_w_ = on_device(scale_w_);
    device_bias_ = on_device(bias_);
  }

  std::optional<DeviceFloatProof::Wrong> first_wrong(std::uint64_t seed, cudaStream_t stream,
                                                     std::int64_t stride = 0) const {
    const DeviceFloatProof proof(device_w_.view(), seed, stream);
    return proof.first_wrong(device_a_.view(), device_scale_a_.as<float>(), scale_a_.size() > 1,
                             device_scale_w_.as<float>(), scale_w_.size() > 1, device_bias_.as<float>(),
                             on_device(d_.view(), stride).view(), stream);
  }
  /// Standard deviation of D's columns' sum, in D's units.
  double deviation(std::int64_t m, std::int64_t n) const {
    double squares = 0;
    for (std::int64_t k = 0; k < a_.cols(); ++k) {
      squares += std::pow(static_cast<double>(element(a_.view(), m, k)) * element(w_.view(), n, k), 2);
    }
    return std::sqrt(squares) * scale(m, n);
  }
  bool empty_channel(std::int64_t n) const { return scale_w_.size() > 1 && scale_w_[static_cast<std::size_t>(n)] == 0; }
  Matrix& d() { return d_; }

 private:
  template <class F>
  static void fill_row(Matrix& x, std::int64_t r, const F& value) {
    for (std::int64_t c = 0; c < x.cols(); ++c) store(x, r, c, value());
  }
  double scale(std::int64_t m, std::int64_t n) const {
    const auto of = [](const std::vector<float>& scales, std::int64_t i) {
      return scales.empty() ? 1.0 : static_cast<double>(scales[scales.size() == 1 ? 0 : static_cast<std::size_t>(i)]);
    };
    return of(scale_a_, m) * of(scale_w_, n);
  }
  static std::vector<std::vector<float>> rows_of(const Matrix& x) {
    std::vector<std::vector<float>> rows(static_cast<std::size_t>(x.rows()));
    for (std::int64_t r = 0; r < x.rows(); ++r) {
      for (std::int64_t c = 0; c < x.cols(); ++c) rows[static_cast<std::size_t>(r)].push_back(element(x.view(), r, c));
    }
    return rows;
  }
  void multiply() {
    const auto a = rows_of(a_), w = rows_of(w_);
    for (std::int64_t m = 0; m < d_.rows(); ++m) {
      for (std::int64_t n = 0; n < d_.cols(); ++n) {
        const auto& left = a[static_cast<std::size_t>(m)];
        const auto& right = w[static_cast<std::size_t>(n)];
        const float sum = a_.dtype() == DType::e4m3 ? sum_of_few_bits(left, right) : sum_in_float32(left, right);
        const float value = sum * static_cast<float>(scale(m, n));
        set_element(d_.view(), m, n, bias_.empty() ? value : value + bias_[static_cast<std::size_t>(n)]);
      }
    }
  }

  Matrix a_, w_, d_;
  std::vector<float> scale_a_, scale_w_, bias_;
  cuda::DeviceMatrix device_a_, device_w_;
  cuda::DeviceBuffer device_scale_a_, device_scale_w_, device_bias_;
};

class DeviceFloatProofTest : public testing::GpuTest {
 protected:
  std::int64_t any(std::int64_t below) { return static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(below)); }

  /// One element takes another's value, at least a standard deviation away: D's first and last rows and columns and
  /// random ones.
  void expect_each_exchange_is_found(Problem& p, const std::string& what) {
    Matrix& d = p.d();
    const std::int64_t rows[] = {0, d.rows() - 1, any(d.rows())},
                       cols[] = {0, d.cols() - 1, any(d.cols()), any(d.cols())};
    for (const std::int64_t m : rows) {
      for (const std::int64_t n : cols) {
        if (p.empty_channel(n)) continue;
        const float right = element(d.view(), m, n);
        float wrong = right;
        for (int i = 0; i < 1000 && std::abs(wrong - right) < p.deviation(m, n); ++i) {
          wrong = element(d.view(), any(d.rows()), any(d.cols()));
        }
        if (std::abs(wrong - right) < p.deviation(m, n)) continue;
        set_element(d.view(), m, n, wrong);
        const auto found = p.first_wrong(rng_(), stream());
        set_element(d.view(), m, n, right);
        ASSERT_TRUE(found.has_value()) << what << ": row " << m << ", column " << n << ", " << right << " became "
                                       << wrong;
        EXPECT_EQ(found->m, m) << what;
        EXPECT_LE(found->n_first, n) << what;
        EXPECT_GE(found->n_last, n) << what;
        EXPECT_GT(found->residual, found->allowed) << what;
      }
    }
  }
  std::mt19937_64 rng_{test_seed()};
};

struct Size {
  std::int64_t m, n, k;
};

TEST_F(DeviceFloatProofTest, PassesProductsAndFindsAnElementInAnothersPlace) {
  for (const Size& size :
       {Size{33, 200, 500}, Size{1, 65, 1023}, Size{130, 97, 64}, Size{3, 31, 33}, Size{70, 264, 40}}) {
    for (const DType operand : {DType::bf16, DType::f16, DType::f32, DType::e4m3}) {
      for (const DType output : {DType::bf16, DType::f16, DType::f32}) {
        for (const Scales scales : {Scales::none, Scales::one, Scales::many}) {
          if (operand == DType::e4m3 && output == DType::f16 && scales == Scales::none) continue;  // overflows
          const bool biased = rng_() % 2 == 0;
          const std::string what = std::to_string(size.m) + " x " + std::to_string(size.n) + " x " +
                                   std::to_string(size.k) + ", " + std::string(name(operand)) + " to " +
                                   std::string(name(output)) + ", scales " + std::to_string(static_cast<int>(scales)) +
                                   (biased ? ", bias" : "") + ", QGEMM_TEST_SEED=" + std::to_string(test_seed());
          Problem p(rng_, size.m, size.n, size.k, operand, output, scales, biased);
          for (const std::int64_t stride : {size.n, size.n + 9}) {
            const auto wrong = p.first_wrong(rng_(), stream(), stride);
            EXPECT_FALSE(wrong.has_value()) << what << ": row " << wrong->m << ", columns from " << wrong->n_first
                                            << ", residual " << wrong->residual << " of " << wrong->allowed;
          }
          // What an element of a bias hides, nobody can find.
          if (!biased) expect_each_exchange_is_found(p, what);
        }
      }
    }
  }
}

// The sums of long rows in few bits, as large as models have them.
TEST_F(DeviceFloatProofTest, AllowsForShortSumsAndStillFindsAnElementInAnothersPlace) {
  for (const std::int64_t k : {4096, 14336}) {
    Problem p(rng_, 40, 200, k, DType::e4m3, DType::bf16, Scales::many, false);
    for (int trial = 0; trial < 8; ++trial) {
      const auto wrong = p.first_wrong(rng_(), stream());
      EXPECT_FALSE(wrong.has_value()) << "K = " << k << ": row " << wrong->m << ", columns from " << wrong->n_first
                                      << ", residual " << wrong->residual << " of " << wrong->allowed
                                      << ", QGEMM_TEST_SEED=" << test_seed();
    }
    expect_each_exchange_is_found(p, "K = " + std::to_string(k) + ", QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  }
}

TEST_F(DeviceFloatProofTest, FindsWhatIsNoNumberAndWhatIsMissing) {
  Problem p(rng_, 20, 150, 256, DType::bf16, DType::bf16, Scales::many, false);
  Matrix& d = p.d();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 1e38F}) {
    for (const std::int64_t n : {0, 149, 5, 31}) {  // 5 is a channel whose scale is zero
      const float right = element(d.view(), 19, n);
      set_element(d.view(), 19, n, wrong);
      const auto found = p.first_wrong(rng_(), stream());
      set_element(d.view(), 19, n, right);
      ASSERT_TRUE(found.has_value()) << wrong << " in column " << n;
      EXPECT_EQ(found->m, 19);
      EXPECT_EQ(found->n_first, n / DeviceFloatProof::block * DeviceFloatProof::block);
    }
  }
  set_element(d.view(), 7, 5, 1e-6F);
  EXPECT_TRUE(p.first_wrong(rng_(), stream()).has_value());
  set_element(d.view(), 7, 5, 0);
  for (std::int64_t n = 0; n < 150; ++n) set_element(d.view(), 12, n, 0);
  const auto missing = p.first_wrong(rng_(), stream());
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->m, 12);
  EXPECT_EQ(missing->n_first, 0);
}

// More rows than are compared at a time.
TEST_F(DeviceFloatProofTest, FindsTheFirstOfManyRows) {
  Problem p(rng_, 9001, 40, 8, DType::bf16, DType::f32, Scales::many, false);
  EXPECT_FALSE(p.first_wrong(rng_(), stream()).has_value());
  for (const std::int64_t m : {9000, 8192, 4096}) {
    set_element(p.d().view(), m, 39, 1e6F);
    const auto found = p.first_wrong(rng_(), stream());
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->m, m);
    EXPECT_EQ(found->n_first, 32);
    EXPECT_EQ(found->n_last, 39);
  }
}

}  // namespace
}  // namespace qgemm
