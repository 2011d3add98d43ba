#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/shape.hpp"

namespace qgemm {

/// The dimension of W[N,K] that tensor parallelism divides: K (row-parallel), N (column-parallel), or none, where every
/// device multiplies the whole.
enum class SplitDim : std::uint8_t { k, n, none };

/// One weight of a model: D[M,N] = A[M,K] · W[N,K]ᵀ at TP 1.
struct Layer {
  std::string name;  ///< `qkv`, `o`, `gate_up`, `down`, … or `n6144_k4096`.
  std::int64_t n = 0, k = 0;
  SplitDim split = SplitDim::n;
  bool bias = false;  ///< The model adds one value an output channel.
  /// Of attention, where they are known: the heads that N (of `qkv`) or K (of `o`) is made of, and those of keys and
  /// values. Devices share whole heads, and keep a copy of those of keys and values where there are fewer than devices.
  std::int64_t heads = 0, kv_heads = 0;
  /// Of one expert among `experts`, `experts_per_token` of which a token goes through; 0: every token is multiplied.
  std::int64_t experts = 0, experts_per_token = 0;
  friend bool operator==(const Layer&, const Layer&) = default;
};

/// Where a decoder layer normalizes.
enum class Norms : std::uint8_t {
  before,  ///< Before attention and before the MLP, each by a norm of its own.
  one,     ///< Before both by one norm, which then run side by side.
  behind   ///< Behind each: what both multiply goes on as the residual, too.
};

/// A model's layers with the place they come from.
struct Model {
  std::string name;      ///< Its Hugging Face name, `org/model`.
  std::string source;    ///< Where the shapes come from.
  std::string revision;  ///< Of that source.
  std::vector<Layer> layers;
  std::int64_t decoder_layers = 0;  ///< How many times the model has them, one after the other; 0: unknown.
  std::optional<Layer> lm_head{};   ///< The logits' product, once a step, where the source tells the vocabulary.
  Norms norms = Norms::before;
};

/// The folder of the shape files: `QGEMM_DATA_DIR/models` where that variable is set, else the first that exists of
/// `../share/qgemm/models` beside the running program, the source tree's `data/models` and the installed one.
/// Throws `Unavailable` naming all places where none exists.
std::filesystem::path models_folder();

/// All models of a folder, one JSON file each:
/// `{"name": "org/model", "source": "…", "revision": "…", "order": 10, "layers": [{"name": "qkv", "n": 6144, "k": 4096,
/// "split": "n"}]}`; `order`, `decoder_layers` (the model's `num_hidden_layers`, where each of these has all of
/// `layers` once) and `norms` ("before", "one" or "behind", see `Norms`) are optional, other fields are ignored. Sorted
/// by `order`, those without one last, then by name. Throws `InvalidInput` naming the file and the field that is wrong,
/// `Unavailable` where the folder has no models.
std::vector<Model> load_models(const std::filesystem::path& folder);

/// A model from a Hugging Face `config.json`, a folder with one, or a safetensors file beside one: the weights of a
/// decoder (or encoder) layer as an inference engine multiplies them, of the families that docs/contract.md lists;
/// embeddings and the experts' router are left out. Its name is the one of the Hugging Face cache or of the config's
/// `_name_or_path`, else the folder's. Throws `InvalidInput` naming the file and what is missing or wrong, for another
/// architecture with the nearest.
Model load_model_config(const std::filesystem::path& path);

/// The models a list of names selects: a name, a unique part of one (any case), `all`, or a path to a `config.json` or
/// a folder with one. Each model once, in the order asked for. Throws `InvalidInput` for an unknown name (with the
/// nearest), an ambiguous part (with what it fits), and two different models of one name.
std::vector<Model> select_models(const std::vector<Model>& catalog, const std::vector<std::string>& names);

/// The layer's share on one device: the split dimension divided by `tp`. Of attention whose heads are known whole heads
/// are shared; where there are more devices than heads of keys and values, several devices have the same. Throws
/// `InvalidInput` naming model, layer, dimension and TP where it does not divide, or `tp` < 1.
Layer split_layer(const Model& model, const Layer& layer, std::int64_t tp);

/// Tokens that the layer multiplies of a batch of `m`: all, or of an expert its share of what is to be expected,
/// rounded up. Of `m` in 1 … 2³¹.
std::int64_t tokens_of(const Layer& layer, std::int64_t m);

}  // namespace qgemm
