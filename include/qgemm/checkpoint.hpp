#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/catalog.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {

/// A tensor of a checkpoint, as its file describes it.
struct StoredTensor {
  std::string name;                 ///< `model.layers.0.mlp.down_proj.weight`
  std::string dtype;                ///< The file's word: `BF16`, `I8`, `I64`, …
  std::optional<DType> type;        ///< The same as qgemm's; none where qgemm has no such type (`I64`).
  std::vector<std::int64_t> shape;  ///< Row-major, the last dimension dense; empty: one element. A dimension may be 0.
  std::size_t bytes = 0;            ///< Of all elements together.
};

/// The tensors of a model's safetensors files. The files are mapped into memory, read-only and whole, and nothing of
/// their data is copied or looked at before somebody asks; copies of a `Checkpoint` share the mappings.
///
/// A file must not become shorter while it is mapped: touching what is gone ends the process (SIGBUS), as with any
/// program that maps its files. Replacing it by another one under its name is harmless.
class Checkpoint {
 public:
  /// `path` is a safetensors file, a `*.safetensors.index.json` with the names of several, or a folder: its
  /// `model.safetensors.index.json` where there is one, else its `model.safetensors`, else all its `*.safetensors`.
  /// Throws `InvalidInput` naming the file and what is wrong with it: it cannot be opened, is cut short, is not as the
  /// format says, is missing though the index names it, or has a tensor that another one has, too; `OutOfMemory` where
  /// the system does not map it.
  explicit Checkpoint(const std::filesystem::path& path);

  /// Sorted by name; no name twice.
  const std::vector<StoredTensor>& tensors() const;
  /// The tensor of this name, or null.
  const StoredTensor* find(std::string_view name) const;
  /// The same, but throws `InvalidInput` with the nearest names where there is none.
  const StoredTensor& at(std::string_view name) const;
  /// A tensor's elements in the mapping, little-endian, at any alignment; they live as long as this checkpoint or a
  /// copy of it. Throws `InvalidInput` naming the tensor where there is none, or none of a type that qgemm has.
  std::span<const std::byte> data(std::string_view name) const;
  /// What the caller opened.
  const std::filesystem::path& path() const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// One layer's weight as a checkpoint stores it, on one device.
struct StoredWeight {
  Matrix weight;  ///< W[N,K], row-major: bf16, f16 or f32; s8 or e4m3 where the checkpoint is quantized.
  /// Of a quantized weight, one a row: row n stands for `weight[n,k] · scales[n]`. Empty where it is not.
  std::vector<float> scales;
};

/// The weight of `layer`, one of `model.layers` as they are at TP 1, in the decoder layer `index` (from 0 on), for the
/// device `rank` of `tp`: with the sizes of `split_layer(model, layer, tp)`, and in the order in which an inference
/// engine has its rows. `qkv` is the rows of the device's heads of q, then of k, then of v, where fewer heads of keys
/// and values than devices are copied; `gate_up` its share of gate, then of up; `up` a run of rows; `o` and `down` a
/// run of columns. Read are the names of Llama and what is called alike (Mistral, Qwen 2 and 3, Gemma, Command R, most
/// others), of Phi, StarCoder 2, Nemotron, InternLM 2, EXAONE 3, OPT, GPT-NeoX, Falcon and BERT, of DeepSeek what is
/// one tensor, and the quantized weights of compressed-tensors: s8 or e4m3 with `weight_scale`, one for the tensor or
/// for each row. Nothing but the result is allocated. Throws `InvalidInput` naming the checkpoint and the tensor:
/// missing (with the nearest there are), of another size than the model's, of a type without a product or of another
/// one than its neighbours; naming the layer where it is one of experts or of logits, which are not read; and what
/// `split_layer` throws. `OutOfMemory` where it does not fit.
StoredWeight read_weight(const Checkpoint& checkpoint, const Model& model, const Layer& layer, std::int64_t index,
                         std::int64_t tp = 1, std::int64_t rank = 0);

/// Refuses what `read_weight` does, and allocates nothing large. Returns the type of the weight that `read_weight`
/// reads.
DType check_weight(const Checkpoint& checkpoint, const Model& model, const Layer& layer, std::int64_t index,
                   std::int64_t tp = 1, std::int64_t rank = 0);

/// Activations that somebody recorded.
struct StoredActivations {
  Matrix values;  ///< A[tokens,K] for the device, bf16 (what is stored as f32 or f16 is rounded).
  std::int64_t tokens =
      0;  ///< Tokens that the file has of this layer; where they are fewer, they come again and again.
};

/// What goes into `layer` of decoder layer `index`: the tensor `layers.<index>.<layer>` of `file` (`layers.3.down`),
/// else
/// `<layer>`; its last dimension is the layer's K at TP 1, those before it together are the tokens; bf16, f16 or f32.
/// Of a layer that shares K the columns of the device's share. Throws `InvalidInput` naming the file and the tensor
/// that is missing, of another size or of a type without a number; what `split_layer` throws; `OutOfMemory`.
StoredActivations read_activations(const Checkpoint& file, const Model& model, const Layer& layer, std::int64_t index,
                                   std::int64_t tokens, std::int64_t tp = 1, std::int64_t rank = 0);

}  // namespace qgemm
