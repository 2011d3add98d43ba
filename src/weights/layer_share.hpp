#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "qgemm/dtype.hpp"

// What reading a layer's weight and reading its activations share.
namespace qgemm {

/// One of the devices that share a model.
struct DeviceRank {
  std::int64_t tp = 1, rank = 0;
};

/// "FILE, layer NAME: ", in front of what is wrong there.
std::string place_of(const Checkpoint& checkpoint, const Layer& layer);

/// "[6144,4096]".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Throws `InvalidInput` where the model has no decoder layer `index`, or `tp` devices no such rank.
void check_position(const Model& model, std::int64_t index, DeviceRank device);

/// bf16, f16 or f32.
constexpr bool is_float(DType type) { return type == DType::f32 || type == DType::bf16 || type == DType::f16; }

/// What has scales beside it.
constexpr bool is_quantized(DType type) { return type == DType::s8 || type == DType::e4m3; }

/// One element of a float type in a mapping, which is aligned to nothing.
float load_float(const std::byte* from, DType type);

}  // namespace qgemm
