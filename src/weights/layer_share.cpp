#include "weights/layer_share.hpp"

#include <cstring>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

template <class T>
float load(const std::byte* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return to_float(value);
}

}  // namespace

std::string place_of(const Checkpoint& checkpoint, const Layer& layer) {
  return checkpoint.path().string() + ", layer " + layer.name + ": ";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size() && i < 4; ++i) text += (i > 0 ? "," : "") + std::to_string(shape[i]);
  return text + (shape.size() > 4 ? ",…]" : "]");
}

void check_position(const Model& model, std::int64_t index, DeviceRank device) {
  if (index < 0 || (model.decoder_layers > 0 && index >= model.decoder_layers)) {
    throw InvalidInput(model.name + " has no decoder layer " + std::to_string(index) +
                       (model.decoder_layers > 0 ? "; they are 0 … " + std::to_string(model.decoder_layers - 1)
                                                 : "; they are counted from 0 on"));
  }
  if (device.rank < 0 || device.rank >= device.tp) {
    throw InvalidInput("there is no rank " + std::to_string(device.rank) + " among " + std::to_string(device.tp) +
                       " devices; they are counted from 0 on");
  }
}

float load_float(const std::byte* from, DType type) {
  if (type == DType::f32) return load<float>(from);
  return type == DType::bf16 ? load<BFloat16>(from) : load<Float16>(from);
}

}  // namespace qgemm
