#pragma once
#include <functional>
#include <random>
#include <utility>

#include "qgemm/accuracy.hpp"
#include "qgemm/matrix.hpp"
#include "test_seed.hpp"
#include "weights_layers.hpp"

// Small checkpoints and recorded activations for tests of what quantization costs in accuracy.
namespace qgemm::testing {

/// A model of one layer `o` alone that matters: W[rows, cols] in both decoder layers, and its recorded inputs.
class OneLayer {
 public:
  using ValueAt = std::function<float(std::int64_t row, std::int64_t col)>;

  OneLayer(std::int64_t cols, std::int64_t tokens, const ValueAt& weight, const ValueAt& activation)
      : cols_(cols), tokens_(tokens) {
    const std::string sizes = std::to_string(cols);
    folder_.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": )" + sizes +
                                     R"(, "intermediate_size": 12, "num_attention_heads": 4, "num_key_value_heads": 4,
                       "num_hidden_layers": 2, "head_dim": )" +
                                     std::to_string(cols / 4) + "}");
    std::vector<TensorToWrite> tensors;
    for (const char* index : {"0", "1"}) {
      tensors.push_back({std::string("model.layers.") + index + ".self_attn.o_proj.weight",
                         "F32",
                         {cols, cols},
                         values(cols, weight)});
    }
    folder_.write("model.safetensors", safetensors(tensors));
    file_ = folder_.write("inputs", safetensors({{"o", "F32", {tokens, cols}, values(tokens, activation)}}));
  }

  AccuracyOptions options() const {
    AccuracyOptions options;
    options.weights = folder_.path();
    options.activations = file_;
    options.layers = {"o"};
    options.decoder_layers = {"0"};
    options.tokens = tokens_;
    options.channels = cols_;
    options.smooth = "off";
    return options;
  }
  const CatalogFolder& folder() const { return folder_; }

 private:
  std::string values(std::int64_t rows, const ValueAt& at) const {
    return elements<float>(rows * cols_, [&](std::int64_t i) { return at(i / cols_, i % cols_); });
  }

  CatalogFolder folder_;
  std::int64_t cols_, tokens_;
  std::filesystem::path file_;
};

/// N(0,1) of this test's seed, the same for the same place; rounded to bf16, as recorded activations are.
class Normal {
 public:
  explicit Normal(std::uint64_t stream) : seed_(test_seed() * 1000 + stream) {}
  float operator()(std::int64_t row, std::int64_t col) const {
    std::mt19937_64 rng(seed_ + static_cast<std::uint64_t>(row) * 0x9e3779b97f4a7c15U +
                        static_cast<std::uint64_t>(col) * 0xd1342543de82ef95U);
    rng.discard(2);
    std::normal_distribution<float> normal;
    return to_float(to_bfloat16(normal(rng)));
  }

 private:
  std::uint64_t seed_;
};

inline Matrix matrix_of(std::int64_t rows, std::int64_t cols, const OneLayer::ValueAt& at) {
  Matrix out(DType::f32, rows, cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) set_element(out.view(), r, c, at(r, c));
  }
  return out;
}

/// The only layer's figures for a provider.
inline SchemeAccuracy scheme_in(const LayerAccuracy& layer, const std::string& provider) {
  for (const auto& scheme : layer.schemes) {
    if (scheme.provider == provider) return scheme;
  }
  ADD_FAILURE() << "no " << provider;
  return {};
}

inline LayerAccuracy only_layer(const AccuracyReport& report) {
  EXPECT_EQ(report.layers.size(), 1U);
  return report.layers.empty() ? LayerAccuracy{} : report.layers.front();
}

}  // namespace qgemm::testing
