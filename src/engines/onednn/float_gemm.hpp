#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engines/onednn/tiled_matmul.hpp"

namespace qgemm::onednn {

/// bf16 and f32 products. oneDNN adds the bias and rounds itself where it can write the output type, and tiles are only
/// copied into D; else they come in f32 and are rounded on the way.
class FloatGemm final : public PreparedGemm {
 public:
  /// The operands fit the spec (`check_operands`). Operands of another type, and activations with gaps between their
  /// rows, are converted here, ahead of all launches.
  FloatGemm(const GemmSpec& spec, const Operands& operands, int threads);

  std::string kernel() const override;
  void launch(int set) override { launch_product(set); }
  void launch_quantize() override {}
  void launch_product(int set) override {
    matmul_.run(activations_, *weights_, set, bias_.empty() ? nullptr : bias_.data(), epilogue_);
  }
  ConstMatrixView output() const override { return d_.view(); }
  const QuantizedActivations* activations() const override { return nullptr; }
  bool accumulate(std::span<std::int32_t>) override { return false; }
  std::int64_t weight_bytes() const override { return weights_->bytes(); }

  static TiledMatmul::Plan plan(const GemmSpec& spec, int threads);

 private:
  void store(const Tile& tile, const void* results);

  Matrix own_activations_;  ///< Empty where the caller's are used as they are.
  const void* activations_;
  TiledMatmul::Plan plan_;
  TiledMatmul matmul_;
  std::shared_ptr<const PackedWeights> weights_;
  std::vector<float> bias_;
  Matrix d_;
  TiledMatmul::Epilogue epilogue_;
};

}  // namespace qgemm::onednn
