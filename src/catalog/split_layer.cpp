#include <cstdint>

#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {

Layer split_layer(const Model& model, const Layer& layer, std::int64_t tp) {
  const std::string place = model.name + ", layer " + layer.name + ": ";
  if (tp < 1)
    throw InvalidInput(place + "the tensor-parallel size is " + std::to_string(tp) + "; it must be at least 1");
  Layer share = layer;
  std::int64_t& size = layer.split == SplitDim::n ? share.n : share.k;
  if (size % tp != 0) {
    throw InvalidInput(place + (layer.split == SplitDim::n ? "N = " : "K = ") + std::to_string(size) +
                       " does not divide by the tensor-parallel size " + std::to_string(tp));
  }
  size /= tp;
  return share;
}

}  // namespace qgemm
