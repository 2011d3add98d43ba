#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engines/avx512/packed_activations.hpp"
#include "engines/avx512/packed_weights.hpp"
#include "engines/avx512/product.hpp"

namespace qgemm::avx512 {

/// All INT8 schemes one way: rows quantized and packed by the threads that multiply, u8 × s8 tiles, and each tile's
/// scales, zero points and biases while its sums are in the L1 cache.
class ScaledGemm final : public PreparedGemm {
 public:
  /// The operands fit the spec (`check_operands`).
  ScaledGemm(const GemmSpec& spec, const Operands& operands, const TileKernel& kernel, int threads);

  std::string kernel() const override;
  void launch(int set) override;
  void launch_quantize() override;
  void launch_product(int set) override;
  ConstMatrixView output() const override { return d_.view(); }
  const QuantizedActivations* activations() const override;
  bool accumulate(std::span<std::int32_t> sums) override;
  std::int64_t weight_bytes() const override { return weights_->bytes(); }

 private:
  class BadRow;
  /// What has to be known of the whole matrix before its rows are quantized.
  void find_scale();
  /// Quantizes and packs the rows of `thread`, one of `threads`; false where one of them is not finite.
  bool quantize_rows(int thread, int threads, BadRow& bad);
  void pack_given();
  void multiply(int set, const Product::Preparation& prepare);
  void dequantize(const SumsTile& tile);

  GemmSpec spec_;
  const Operands* operands_;
  const TileKernel* kernel_;
  int threads_;
  const QuantizedWeights* quantized_weights_;
  std::shared_ptr<const PackedWeights> weights_;
  Product product_;
  PackedActivations packed_;
  std::vector<AlignedBuffer> rows_;  ///< One a thread: a row between quantization and packing.
  std::vector<float> scales_;        ///< Of the activations: 1 or M.
  std::vector<std::int32_t> azp_;    ///< Empty, 1 or M.
  /// The activations as others want them, unpacked when they ask; empty until then.
  mutable std::optional<QuantizedActivations> unpacked_;
  /// One a channel of the panels, as `FusedResult` wants them; `padded_bias_` empty where there is none.
  std::vector<float> padded_scales_, padded_bias_;
  std::vector<std::int32_t> padded_colsum_;
  Matrix d_;
};

}  // namespace qgemm::avx512
