#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>

#include "qgemm/accuracy.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

const Layer* layer_named(const Model& model, const char* name) {
  const auto found =
      std::find_if(model.layers.begin(), model.layers.end(), [&](const Layer& layer) { return layer.name == name; });
  return found == model.layers.end() ? nullptr : &*found;
}

/// Whether each head of queries has a head of values of its own: where heads are not told, qkv is three times as wide
/// as the input of o exactly then.
bool own_values(const Model& model, const Layer& o) {
  const Layer* qkv = layer_named(model, "qkv");
  if (qkv == nullptr) return false;
  if (qkv->heads > 0) return qkv->heads == qkv->kv_heads;
  return qkv->n == 3 * o.k;
}

/// Whether the layer multiplies a norm's result, in a model that normalizes before its layers.
bool behind_norm(std::string_view layer) {
  constexpr std::string_view names[] = {"qkv", "gate_up", "up", "qkv_a", "q", "kv_a", "q_b", "kv_b"};
  return std::find(std::begin(names), std::end(names), layer) != std::end(names);
}

/// Of attention by a latent vector: q and kv_a have the same input.
bool shares_norm(std::string_view layer) { return layer == "q" || layer == "kv_a"; }

}  // namespace

std::vector<float> smoothing_factors(std::span<const float> activation_absmax, std::span<const float> weight_absmax,
                                     double alpha) {
  if (activation_absmax.size() != weight_absmax.size()) {
    throw InvalidInput("smoothing takes as many features of the activations as of the weights, not " +
                       std::to_string(activation_absmax.size()) + " and " + std::to_string(weight_absmax.size()));
  }
  if (!(alpha >= 0 && alpha <= 1)) {
    throw InvalidInput("SmoothQuant's alpha is a number from 0 to 1, not " + std::to_string(alpha));
  }
  std::vector<float> factors(activation_absmax.size(), 1.0F);
  for (std::size_t j = 0; j < factors.size(); ++j) {
    const auto a = static_cast<double>(activation_absmax[j]), w = static_cast<double>(weight_absmax[j]);
    if (!(a > 0) || !(w > 0)) continue;
    const auto s = static_cast<float>(std::pow(a, alpha) / std::pow(w, 1 - alpha));
    if (std::isnormal(s)) factors[j] = s;
  }
  return factors;
}

std::string smoothing_fold(const Model& model, const Layer& layer) {
  if (layer.experts > 0) return "";
  if (behind_norm(layer.name)) {
    const bool alone = layer.name == "q_b" || layer.name == "kv_b";  // behind the norms of latent vectors
    if (model.norms == Norms::before || alone) return shares_norm(layer.name) ? "one norm" : "norm";
    return model.norms == Norms::one ? "one norm" : "";
  }
  if (layer.name == "down") return layer_named(model, "gate_up") != nullptr ? "up" : "";
  if (layer.name == "o") return own_values(model, layer) ? "v" : "";
  return "";
}

}  // namespace qgemm
