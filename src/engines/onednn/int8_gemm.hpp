#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "engines/onednn/tiled_matmul.hpp"

namespace qgemm::onednn {

/// All INT8 schemes one way: u8 × s8 tiles into int32, and our own epilogue on each tile while it is in L2. oneDNN can
/// apply per-tensor scales itself, 2 – 4 % faster for M ≥ 256 at K = 4096, but takes sums past 2²⁴ through float to do
/// so, and scales in another order of roundings.
class Int8Gemm final : public PreparedGemm {
 public:
  /// The operands fit the spec (`check_operands`).
  Int8Gemm(const GemmSpec& spec, const Operands& operands, int threads);

  std::string kernel() const override { return matmul_.implementation() + "+epilogue"; }
  void launch(int set) override;
  void launch_quantize() override;
  void launch_product(int set) override;
  ConstMatrixView output() const override { return d_.view(); }
  const QuantizedActivations* activations() const override { return activations_; }
  bool accumulate(std::span<std::int32_t> sums) override;
  std::int64_t weight_bytes() const override { return weights_->bytes(); }

  static TiledMatmul::Plan plan(const GemmSpec& spec, int threads);

 private:
  void dequantize(const Tile& tile, std::int32_t* sums);
  /// Adds what the unsigned form adds to the activations to their zero points: after each quantization.
  void join_zero_points();

  GemmSpec spec_;
  const Operands* operands_;
  const QuantizedWeights* quantized_weights_;
  TiledMatmul matmul_;
  std::shared_ptr<const PackedWeights> weights_;
  QuantizedActivations own_activations_;  ///< Empty where the caller's are used as they are.
  const QuantizedActivations* activations_;
  std::vector<std::int32_t> zero_points_;  ///< 1 or M.
  bool at_once_ = true;                    ///< `zero_points_` include the activations' own; else they come off apart.
  std::vector<float> bias_;
  Matrix d_;
  TiledMatmul::Epilogue epilogue_;
};

}  // namespace qgemm::onednn
