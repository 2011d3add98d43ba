// A safetensors file, and an index of several, up to the weights that are made of it.
#include <string>
#include <system_error>

#include "fuzz_target.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "qgemm/error.hpp"

namespace qgemm::fuzz {
namespace {

/// A model with the layers of all families, each so small that an input has room for its weights.
Model small_model() {
  Model model;
  model.name = "small";
  model.layers = {{"qkv", 4, 2, SplitDim::n},
                  {"o", 2, 2, SplitDim::k},
                  {"gate_up", 4, 2, SplitDim::n},
                  {"up", 2, 2, SplitDim::n},
                  {"down", 2, 2, SplitDim::k}};
  model.layers[0].heads = model.layers[1].heads = 2;
  model.layers[0].kv_heads = 1;
  return model;
}

void read_layers(const Checkpoint& checkpoint) {
  static const Model model = small_model();
  for (const Layer& layer : model.layers) {
    for (const std::int64_t tp : {1, 2}) {
      try {
        const StoredWeight read = read_weight(checkpoint, model, layer, 0, tp, tp - 1);
        const Layer share = split_layer(model, layer, tp);
        expect(read.weight.rows() == share.n && read.weight.cols() == share.k, "a weight is of its layer's size");
        const bool quantized = read.weight.dtype() == DType::s8 || read.weight.dtype() == DType::e4m3;
        expect(read.scales.size() == (quantized ? static_cast<std::size_t>(share.n) : 0),
               "a quantized row has a scale");
        for (std::int64_t r = 0; r < share.n; ++r) (void)element(read.weight.view(), r, share.k - 1);
      } catch (const InvalidInput&) {
        // No such tensors.
      }
    }
  }
}

void read_all(const std::filesystem::path& path) {
  const Checkpoint checkpoint(path);
  std::string last;
  for (const StoredTensor& tensor : checkpoint.tensors()) {
    expect(last.empty() || last < tensor.name, "names are sorted, none is there twice");
    last = tensor.name;
    expect(checkpoint.find(tensor.name) == &tensor, "and each is found");
    if (!tensor.type) continue;
    const auto data = checkpoint.data(tensor.name);
    expect(data.size() == tensor.bytes, "data are as many as the list says");
    // Both ends are in the mapping.
    volatile std::byte sum{};
    if (!data.empty()) sum = data.front() ^ data.back();
    (void)sum;
  }
  read_layers(checkpoint);
}

/// A folder with one shard and an index, which is the file in memory.
const std::filesystem::path& indexed(const MemoryFile& file) {
  static const std::filesystem::path folder = [&] {
    auto path = folder_with(file, "checkpoint", "model.safetensors.index.json");
    const MemoryFile shard;
    const std::string header = R"({"a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}})";
    shard.put(std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "x");
    std::filesystem::copy_file(shard.path(), path / "1.safetensors");
    return path;
  }();
  return folder;
}

}  // namespace

void run(std::string_view input) {
  static const MemoryFile file;
  file.put(input);
  // What begins like this has a header of gigabytes, so that no safetensors file is lost.
  read_all(input.starts_with("{") ? indexed(file) : file.path());
}

}  // namespace qgemm::fuzz
