#include "weights/weight_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "weights/safetensors.hpp"

namespace qgemm {
namespace {

/// A layer's modules as one family names them, below its decoder layer; the last ones may be empty.
struct NamedLayer {
  std::string_view layer;
  RowOrder order;
  std::array<std::string_view, 3> modules;
};

/// The layers' place is in front of the decoder layer's number: with and without the model's own name, as transformers
/// saves the model with and without a head, and within models that see, too.
struct Family {
  std::span<const std::string_view> places;
  std::span<const NamedLayer> layers;
};

constexpr std::array<std::string_view, 4> llama_places{"model.layers.", "layers.", "language_model.model.layers.",
                                                       "model.language_model.layers."};
constexpr std::array llama_layers = {
    NamedLayer{"qkv", RowOrder::parts, {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}},
    NamedLayer{"o", RowOrder::whole, {"self_attn.o_proj"}},
    NamedLayer{"gate_up", RowOrder::parts, {"mlp.gate_proj", "mlp.up_proj"}},
    NamedLayer{"down", RowOrder::whole, {"mlp.down_proj"}}};

constexpr std::array phi3_layers = {NamedLayer{"qkv", RowOrder::stacked, {"self_attn.qkv_proj"}},
                                    NamedLayer{"o", RowOrder::whole, {"self_attn.o_proj"}},
                                    NamedLayer{"gate_up", RowOrder::stacked, {"mlp.gate_up_proj"}},
                                    NamedLayer{"down", RowOrder::whole, {"mlp.down_proj"}}};

/// Without a gate: Nemotron's, StarCoder 2's, Phi's.
constexpr std::array plain_mlps = {
    NamedLayer{"up", RowOrder::whole, {"mlp.up_proj"}},  NamedLayer{"up", RowOrder::whole, {"mlp.c_fc"}},
    NamedLayer{"down", RowOrder::whole, {"mlp.c_proj"}}, NamedLayer{"o", RowOrder::whole, {"self_attn.dense"}},
    NamedLayer{"up", RowOrder::whole, {"mlp.fc1"}},      NamedLayer{"down", RowOrder::whole, {"mlp.fc2"}}};

constexpr std::array internlm2_layers = {NamedLayer{"qkv", RowOrder::grouped, {"attention.wqkv"}},
                                         NamedLayer{"o", RowOrder::whole, {"attention.wo"}},
                                         NamedLayer{"gate_up", RowOrder::parts, {"feed_forward.w1", "feed_forward.w3"}},
                                         NamedLayer{"down", RowOrder::whole, {"feed_forward.w2"}}};

/// Of DeepSeek what is one tensor, and the experts that all tokens go through; Qwen's have another name.
constexpr std::array shared_layers = {
    NamedLayer{"q", RowOrder::whole, {"self_attn.q_proj"}},
    NamedLayer{"q_b", RowOrder::whole, {"self_attn.q_b_proj"}},
    NamedLayer{"kv_a", RowOrder::whole, {"self_attn.kv_a_proj_with_mqa"}},
    NamedLayer{"kv_b", RowOrder::whole, {"self_attn.kv_b_proj"}},
    NamedLayer{"shared_gate_up", RowOrder::parts, {"mlp.shared_experts.gate_proj", "mlp.shared_experts.up_proj"}},
    NamedLayer{"shared_down", RowOrder::whole, {"mlp.shared_experts.down_proj"}},
    NamedLayer{"shared_gate_up", RowOrder::parts, {"mlp.shared_expert.gate_proj", "mlp.shared_expert.up_proj"}},
    NamedLayer{"shared_down", RowOrder::whole, {"mlp.shared_expert.down_proj"}}};

constexpr std::array<std::string_view, 3> bert_places{"encoder.layer.", "bert.encoder.layer.",
                                                      "roberta.encoder.layer."};
constexpr std::array bert_layers = {
    NamedLayer{"qkv", RowOrder::parts, {"attention.self.query", "attention.self.key", "attention.self.value"}},
    NamedLayer{"o", RowOrder::whole, {"attention.output.dense"}},
    NamedLayer{"up", RowOrder::whole, {"intermediate.dense"}}, NamedLayer{"down", RowOrder::whole, {"output.dense"}}};

constexpr std::array<std::string_view, 2> opt_places{"model.decoder.layers.", "decoder.layers."};
constexpr std::array opt_layers = {
    NamedLayer{"qkv", RowOrder::parts, {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}},
    NamedLayer{"o", RowOrder::whole, {"self_attn.out_proj"}}, NamedLayer{"up", RowOrder::whole, {"fc1"}},
    NamedLayer{"down", RowOrder::whole, {"fc2"}}};

constexpr std::array<std::string_view, 2> neox_places{"gpt_neox.layers.", "layers."};
constexpr std::array neox_layers = {NamedLayer{"qkv", RowOrder::grouped, {"attention.query_key_value"}},
                                    NamedLayer{"o", RowOrder::whole, {"attention.dense"}},
                                    NamedLayer{"up", RowOrder::whole, {"mlp.dense_h_to_4h"}},
                                    NamedLayer{"down", RowOrder::whole, {"mlp.dense_4h_to_h"}}};

constexpr std::array<std::string_view, 2> falcon_places{"transformer.h.", "h."};
constexpr std::array falcon_layers = {NamedLayer{"qkv", RowOrder::grouped, {"self_attention.query_key_value"}},
                                      NamedLayer{"o", RowOrder::whole, {"self_attention.dense"}},
                                      NamedLayer{"up", RowOrder::whole, {"mlp.dense_h_to_4h"}},
                                      NamedLayer{"down", RowOrder::whole, {"mlp.dense_4h_to_h"}}};

constexpr std::array exaone_layers = {
    NamedLayer{"qkv", RowOrder::parts, {"attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"}},
    NamedLayer{"o", RowOrder::whole, {"attn.attention.out_proj"}},
    NamedLayer{"gate_up", RowOrder::parts, {"mlp.c_fc_0", "mlp.c_fc_1"}},
    NamedLayer{"down", RowOrder::whole, {"mlp.c_proj"}}};

constexpr std::array families = {Family{llama_places, llama_layers},  Family{llama_places, phi3_layers},
                                 Family{bert_places, bert_layers},    Family{opt_places, opt_layers},
                                 Family{neox_places, neox_layers},    Family{falcon_places, falcon_layers},
                                 Family{llama_places, plain_mlps},    Family{llama_places, internlm2_layers},
                                 Family{llama_places, shared_layers}, Family{falcon_places, exaone_layers}};

std::string weight_of(const std::string& module) { return module + ".weight"; }

/// How much of a way of naming is there: its tensors, and any tensor of its decoder layers.
struct Fit {
  std::size_t tensors = 0;
  bool place = false;

  bool better_than(const Fit& other) const {
    return tensors != other.tensors ? tensors > other.tensors : place && !other.place;
  }
};

bool has_below(const Checkpoint& checkpoint, std::string_view place) {
  const auto& tensors = checkpoint.tensors();
  const auto found =
      std::lower_bound(tensors.begin(), tensors.end(), place,
                       [](const StoredTensor& tensor, std::string_view key) { return tensor.name < key; });
  return found != tensors.end() && found->name.starts_with(place);
}

Fit fit_of(const Checkpoint& checkpoint, const WeightNames& names, std::string_view place) {
  Fit fit;
  for (const std::string& module : names.modules) fit.tensors += checkpoint.find(weight_of(module)) != nullptr ? 1 : 0;
  fit.place = has_below(checkpoint, place);
  return fit;
}

[[noreturn]] void fail_layer(const Checkpoint& checkpoint, const Layer& layer) {
  std::vector<std::string> known;
  for (const Family& family : families) {
    for (const NamedLayer& named : family.layers) {
      if (std::find(known.begin(), known.end(), named.layer) == known.end()) known.emplace_back(named.layer);
    }
  }
  throw InvalidInput(checkpoint.path().string() + ": the weight of layer " + in_quotes(layer.name) +
                     " is not read from a checkpoint; that of " + join_or(known) + " is");
}

}  // namespace

WeightNames find_weight_names(const Checkpoint& checkpoint, const Layer& layer, std::int64_t index) {
  std::optional<WeightNames> likely;
  Fit best;
  for (const Family& family : families) {
    for (const NamedLayer& named : family.layers) {
      if (named.layer != layer.name || layer.experts > 0) continue;
      for (const std::string_view place : family.places) {
        const std::string below = std::string(place) + std::to_string(index) + ".";
        WeightNames names{named.order, {}};
        for (const std::string_view module : named.modules) {
          if (!module.empty()) names.modules.push_back(below + std::string(module));
        }
        const Fit fit = fit_of(checkpoint, names, below);
        if (fit.tensors == names.modules.size()) return names;
        if (!likely || fit.better_than(best)) {
          likely = std::move(names);
          best = fit;
        }
      }
    }
  }
  if (!likely) fail_layer(checkpoint, layer);
  for (const std::string& module : likely->modules) (void)checkpoint.at(weight_of(module));  // throws for one of them
  return *likely;
}

}  // namespace qgemm
