#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "qgemm/shape.hpp"

namespace qgemm {

/// The dimension of W[N,K] that tensor parallelism divides: K (row-parallel) or N (column-parallel).
enum class SplitDim : std::uint8_t { k, n };

/// One weight of a model: D[M,N] = A[M,K] · W[N,K]ᵀ at TP 1.
struct Layer {
  std::string name;  ///< `qkv`, `o`, `gate_up`, `down`, … or `n6144_k4096`.
  std::int64_t n = 0, k = 0;
  SplitDim split = SplitDim::n;
};

/// A model's layers with the place they come from.
struct Model {
  std::string name;      ///< Its Hugging Face name, `org/model`.
  std::string source;    ///< Where the shapes come from.
  std::string revision;  ///< Of that source.
  std::vector<Layer> layers;
};

/// The folder of the shape files: `QGEMM_DATA_DIR/models`, else the one installed or built with this library.
/// Throws `Unavailable` naming both where neither exists.
std::filesystem::path models_folder();

/// All models of a folder of JSON files, in the catalogue's order. Throws `InvalidInput` naming the file that is wrong.
std::vector<Model> load_models(const std::filesystem::path& folder);

/// The models a list of names selects: a name, a unique part of one (any case), or `all`. Each model once, in the order
/// asked for. Throws `InvalidInput` for an unknown name (with the nearest) and an ambiguous part (with what it fits).
std::vector<Model> select_models(const std::vector<Model>& catalog, const std::vector<std::string>& names);

/// The layer's share on one device: the split dimension divided by `tp`. Throws `InvalidInput` naming model, layer,
/// dimension and TP where it does not divide, or `tp` < 1.
Layer split_layer(const Model& model, const Layer& layer, std::int64_t tp);

}  // namespace qgemm
