#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "qgemm/checkpoint.hpp"
#include "qgemm/error.hpp"
#include "weights/layer_share.hpp"
#include "weights/safetensors.hpp"

namespace qgemm {
namespace {

/// The layer's tensor; throws where there is none, or none whose rows are inputs of the layer.
const StoredTensor& find_activations(const Checkpoint& file, const Layer& layer, std::int64_t index) {
  const std::string own = "layers." + std::to_string(index) + "." + layer.name;
  const StoredTensor* tensor = file.find(own);
  if (tensor == nullptr) tensor = file.find(layer.name);
  const std::string place = place_of(file, layer);
  if (tensor == nullptr) {
    throw InvalidInput(place + "there are no activations: neither a tensor " + in_quotes(own) + " nor " +
                       in_quotes(layer.name));
  }
  if (!tensor->type || !is_float(*tensor->type)) {
    throw InvalidInput(place + "the activations " + in_quotes(tensor->name) + " are of the type " + tensor->dtype +
                       "; qgemm reads BF16, F16 and F32");
  }
  const auto& shape = tensor->shape;
  const bool tokens = shape.size() >= 2 && tensor->bytes > 0;
  if (!tokens || shape.back() != layer.k) {
    throw InvalidInput(place + "the activations " + in_quotes(tensor->name) + " are of the shape " + shape_text(shape) +
                       ", and the layer takes tokens of " + std::to_string(layer.k) +
                       " values: the last dimension must be that, before it at least one token");
  }
  return *tensor;
}

}  // namespace

StoredActivations read_activations(const Checkpoint& file, const Model& model, const Layer& layer, std::int64_t index,
                                   std::int64_t tokens, std::int64_t tp, std::int64_t rank) {
  const Layer share = split_layer(model, layer, tp);
  check_position(model, index, {tp, rank});
  const StoredTensor& tensor = find_activations(file, layer, index);
  const std::byte* data = file.data(tensor.name).data();
  const DType type = *tensor.type;
  const auto size = static_cast<std::int64_t>(size_of(type));

  StoredActivations read;
  read.tokens = static_cast<std::int64_t>(tensor.bytes) / (layer.k * size);
  read.values = Matrix(DType::bf16, tokens, share.k);
  const std::int64_t first_column = layer.split == SplitDim::k ? rank * share.k : 0;
  for (std::int64_t m = 0; m < tokens; ++m) {
    const std::byte* from = data + (m % read.tokens * layer.k + first_column) * size;
    auto* to = read.values.row<BFloat16>(m);
    for (std::int64_t k = 0; k < share.k; ++k) to[k] = to_bfloat16(load_float(from + k * size, type));
  }
  return read;
}

}  // namespace qgemm
