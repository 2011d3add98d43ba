#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"

namespace qgemm {

/// How a checkpoint has the rows that a layer multiplies in one product.
enum class RowOrder : std::uint8_t {
  whole,    ///< The layer is one matrix.
  parts,    ///< Each of its matrices by itself: q, k and v; gate and up.
  stacked,  ///< One matrix, its parts one below the other.
  grouped,  ///< One matrix, head by head: the queries that share a head of keys and values, that one's keys, its
            ///< values.
};

/// A layer's tensors in a checkpoint.
struct WeightNames {
  RowOrder order = RowOrder::whole;
  std::vector<std::string> modules;  ///< In the order of the rows; `.weight`, `.weight_scale` … behind each.
};

/// The tensors of the layer called `layer` in decoder layer `index`, by the first way of naming whose tensors are all
/// there. Throws `InvalidInput` where there is none: naming the tensor that the most likely one lacks, or the layers
/// whose weights can be read where `layer` is none of them.
WeightNames find_weight_names(const Checkpoint& checkpoint, const Layer& layer, std::int64_t index);

}  // namespace qgemm
