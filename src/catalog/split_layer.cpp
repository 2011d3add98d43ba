#include <cstdint>

#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {

Layer split_layer(const Model& model, const Layer& layer, std::int64_t tp) {
  const std::string place = model.name + ", layer " + layer.name + ": ";
  if (tp < 1)
    throw InvalidInput(place + "the tensor-parallel size is " + std::to_string(tp) + "; it must be at least 1");
  const auto divided = [&](const std::string& what, std::int64_t size) {
    if (size % tp != 0) {
      throw InvalidInput(place + what + " = " + std::to_string(size) + " does not divide by the tensor-parallel size " +
                         std::to_string(tp));
    }
    return size / tp;
  };
  Layer share = layer;
  if (layer.split == SplitDim::none) return share;
  if (layer.heads > 0) share.heads = divided("the number of heads", layer.heads);
  if (layer.kv_heads == 0) {
    std::int64_t& size = layer.split == SplitDim::n ? share.n : share.k;
    size = divided(layer.split == SplitDim::n ? "N" : "K", size);
    return share;
  }
  const std::int64_t head_dim = layer.n / (layer.heads + 2 * layer.kv_heads);
  if (tp <= layer.kv_heads) {
    share.kv_heads = divided("the number of heads of keys and values", layer.kv_heads);
  } else if (tp % layer.kv_heads != 0) {
    throw InvalidInput(place + "the tensor-parallel size " + std::to_string(tp) + " is no multiple of the " +
                       std::to_string(layer.kv_heads) +
                       " heads of keys and values, so that copies of them do not fill it");
  } else {
    share.kv_heads = 1;
  }
  share.n = (share.heads + 2 * share.kv_heads) * head_dim;
  return share;
}

std::int64_t tokens_of(const Layer& layer, std::int64_t m) {
  if (layer.experts == 0) return m;
  return (m * layer.experts_per_token + layer.experts - 1) / layer.experts;
}

}  // namespace qgemm
