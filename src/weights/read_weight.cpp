#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "qgemm/checkpoint.hpp"
#include "qgemm/error.hpp"
#include "weights/layer_share.hpp"
#include "weights/safetensors.hpp"
#include "weights/weight_names.hpp"

namespace qgemm {
namespace {

/// Consecutive rows of one of the layer's tensors.
struct RowRun {
  std::size_t tensor = 0;  ///< Among `WeightNames::modules`.
  std::int64_t first = 0, rows = 0;
};

/// What of the layer's tensors is the device's share: runs of rows one below the other, and of each these columns.
struct Selection {
  std::vector<std::int64_t> tensor_rows;  ///< N of each tensor, as the model says; 0: any.
  std::vector<RowRun> runs;
  std::int64_t first_column = 0;
};

/// What a layer of a config.json is by itself, and one that a caller made up may not be.
void check_layer(const std::string& place, const Layer& layer, RowOrder order) {
  const auto refuse = [&](const std::string& what) { throw InvalidInput(place + what); };
  if (layer.n < 1 || layer.k < 1) refuse("W is " + std::to_string(layer.n) + "x" + std::to_string(layer.k));
  if (order != RowOrder::whole && layer.split != SplitDim::n) {
    refuse("parts that are one below the other are shared by rows, and the model shares K");
  }
  if (layer.heads < 1 || layer.kv_heads < 1) return;
  if (layer.heads % layer.kv_heads != 0 || layer.n % (layer.heads + 2 * layer.kv_heads) != 0) {
    refuse("its " + std::to_string(layer.heads) + " heads and " + std::to_string(layer.kv_heads) +
           " of keys and values do not make N = " + std::to_string(layer.n));
  }
}

/// Heads of q, of k and of v, and where each has its rows in a checkpoint's tensors.
class HeadRows {
 public:
  HeadRows(const Layer& layer, RowOrder order)
      : order_(order),
        heads_(layer.heads),
        kv_heads_(layer.kv_heads),
        head_dim_(layer.n / (layer.heads + 2 * layer.kv_heads)) {}

  std::int64_t head_dim() const { return head_dim_; }
  std::vector<std::int64_t> tensor_rows() const {
    if (order_ != RowOrder::parts) return {(heads_ + 2 * kv_heads_) * head_dim_};
    return {heads_ * head_dim_, kv_heads_ * head_dim_, kv_heads_ * head_dim_};
  }
  /// `part`: 0, 1 and 2 for q, k and v.
  RowRun of(std::size_t part, std::int64_t head) const {
    if (order_ == RowOrder::parts) return {part, head * head_dim_, head_dim_};
    return {0, (order_ == RowOrder::grouped ? grouped(part, head) : stacked(part, head)) * head_dim_, head_dim_};
  }

 private:
  std::int64_t stacked(std::size_t part, std::int64_t head) const {
    return head + (part == 0 ? 0 : part == 1 ? heads_ : heads_ + kv_heads_);
  }
  std::int64_t grouped(std::size_t part, std::int64_t head) const {
    const std::int64_t queries = heads_ / kv_heads_, group = queries + 2;
    if (part == 0) return head / queries * group + head % queries;
    return head * group + queries + (part == 1 ? 0 : 1);
  }

  RowOrder order_;
  std::int64_t heads_, kv_heads_, head_dim_;
};

/// The device's heads of q, then of k, then of v.
Selection select_heads(const Layer& layer, const Layer& share, RowOrder order, DeviceRank device) {
  const HeadRows rows(layer, order);
  Selection selection{rows.tensor_rows(), {}, 0};
  const std::int64_t first_query = device.rank * share.heads;
  // With fewer heads than devices, neighbours have the same one.
  const std::int64_t first_key =
      device.tp <= layer.kv_heads ? device.rank * share.kv_heads : device.rank / (device.tp / layer.kv_heads);
  for (std::int64_t i = 0; i < share.heads; ++i) selection.runs.push_back(rows.of(0, first_query + i));
  for (const std::size_t part : {1U, 2U}) {
    for (std::int64_t i = 0; i < share.kv_heads; ++i) selection.runs.push_back(rows.of(part, first_key + i));
  }
  return selection;
}

/// q, k and v of a layer whose heads nobody told: all rows on one device are all that is known then.
Selection select_unknown_heads(const std::string& place, const Checkpoint& checkpoint, const Layer& layer,
                               const WeightNames& names, DeviceRank device) {
  if (device.tp > 1 || names.order == RowOrder::grouped) {
    throw InvalidInput(place + "which rows are a device's follows from the heads, and the model " +
                       "does not say how many there are; take it from its config.json");
  }
  if (names.order != RowOrder::parts) return {{layer.n}, {{0, 0, layer.n}}, 0};
  Selection selection;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < names.modules.size(); ++i) {
    const StoredTensor& tensor = checkpoint.at(names.modules[i] + ".weight");
    const std::int64_t rows = tensor.shape.empty() ? 0 : tensor.shape.front();
    selection.tensor_rows.push_back(rows);
    selection.runs.push_back({i, 0, rows});
    sum += rows;
  }
  if (sum != layer.n) {
    throw InvalidInput(place + "q, k and v have " + std::to_string(sum) +
                       " rows together, and the model has N = " + std::to_string(layer.n));
  }
  return selection;
}

/// Gate and up, the device's share of each.
Selection select_halves(const std::string& place, const Layer& layer, RowOrder order, DeviceRank device) {
  if (layer.n % 2 != 0 || layer.n / 2 % device.tp != 0) {
    throw InvalidInput(place + "gate and up have N = " + std::to_string(layer.n) + " together, of which " +
                       std::to_string(device.tp) + " devices cannot each have the same part of both");
  }
  const std::int64_t half = layer.n / 2, rows = half / device.tp, first = device.rank * rows;
  if (order == RowOrder::parts) return {{half, half}, {{0, first, rows}, {1, first, rows}}, 0};
  return {{layer.n}, {{0, first, rows}, {0, half + first, rows}}, 0};
}

Selection select_rows(const Checkpoint& checkpoint, const Layer& layer, const Layer& share, const WeightNames& names,
                      DeviceRank device) {
  const std::string place = place_of(checkpoint, layer);
  check_layer(place, layer, names.order);
  if (names.order != RowOrder::whole) {
    if (layer.name != "qkv") return select_halves(place, layer, names.order, device);
    if (layer.heads > 0 && layer.kv_heads > 0) return select_heads(layer, share, names.order, device);
    return select_unknown_heads(place, checkpoint, layer, names, device);
  }
  if (layer.split == SplitDim::k) return {{layer.n}, {{0, 0, layer.n}}, device.rank * share.k};
  const std::int64_t first = layer.split == SplitDim::n ? device.rank * share.n : 0;
  return {{layer.n}, {{0, first, share.n}}, 0};
}

/// The tensors have the sizes of the model and one type, which is returned.
DType check_tensors(const Checkpoint& checkpoint, const Layer& layer, const WeightNames& names,
                    const Selection& selection) {
  const std::string place = place_of(checkpoint, layer);
  std::string first;
  std::optional<DType> type;
  for (std::size_t i = 0; i < names.modules.size(); ++i) {
    const std::string name = names.modules[i] + ".weight";
    const StoredTensor& tensor = checkpoint.at(name);
    (void)checkpoint.data(name);  // throws where the type is none of qgemm's
    const std::vector<std::int64_t> wanted = {selection.tensor_rows[i], layer.k};
    if (tensor.shape != wanted) {
      throw InvalidInput(place + "tensor " + in_quotes(name) + " is of the shape " + shape_text(tensor.shape) +
                         ", and the model makes it " + shape_text(wanted) + "; are they of the same model?");
    }
    if (type && *type != *tensor.type) {
      throw InvalidInput(place + "tensor " + in_quotes(name) + " is of the type " + tensor.dtype + " and " +
                         in_quotes(first) + " is not, so that they make no product together");
    }
    if (!type) first = name;
    type = tensor.type;
  }
  return type.value();
}

void copy_rows(const std::byte* from, std::int64_t stored_columns, const RowRun& run, std::int64_t first_column,
               const MatrixView& to, std::int64_t at) {
  const auto size = static_cast<std::int64_t>(size_of(to.dtype));
  const auto bytes = static_cast<std::size_t>(to.cols * size);
  from += (run.first * stored_columns + first_column) * size;
  std::byte* into = static_cast<std::byte*>(to.data) + at * to.stride * size;
  if (to.cols == stored_columns) {
    std::memcpy(into, from, bytes * static_cast<std::size_t>(run.rows));
    return;
  }
  for (std::int64_t r = 0; r < run.rows; ++r) {
    std::memcpy(into + r * to.stride * size, from + r * stored_columns * size, bytes);
  }
}

/// The scales of one tensor's rows: one for all of them or one for each.
class RowScales {
 public:
  RowScales(const Checkpoint& checkpoint, const std::string& place, const std::string& module, std::int64_t rows)
      : place_(place), name_(module + ".weight_scale") {
    const StoredTensor& tensor = checkpoint.at(name_);
    data_ = checkpoint.data(name_).data();
    type_ = *tensor.type;
    if (!is_float(type_)) {
      throw InvalidInput(place_ + "the scales " + in_quotes(name_) + " are of the type " + tensor.dtype +
                         "; qgemm reads BF16, F16 and F32");
    }
    // [N,1], [N], [1,1], [1] or one number.
    const auto& shape = tensor.shape;
    const bool column = shape.size() < 2 || (shape.size() == 2 && shape[1] == 1);
    const std::int64_t count = shape.empty() ? 1 : shape[0];
    if (!column || (count != 1 && count != rows)) {
      throw InvalidInput(place_ + "the scales " + in_quotes(name_) + " are of the shape " + shape_text(shape) +
                         "; qgemm reads one for the tensor, or one for each of its " + std::to_string(rows) + " rows");
    }
    one_ = count == 1;
  }

  /// Throws `InvalidInput` where it is no scale.
  float of(std::int64_t row) const {
    const std::byte* from = data_ + (one_ ? 0 : row * static_cast<std::int64_t>(size_of(type_)));
    const float scale = load_float(from, type_);
    // Zero is what a row of zeros may have.
    if (!std::isfinite(scale) || scale < 0) {
      throw InvalidInput(place_ + "the scale of row " + std::to_string(row) + " in " + in_quotes(name_) + " is " +
                         std::to_string(scale) + "; it must be a finite number and not negative");
    }
    return scale;
  }

 private:
  const std::string& place_;
  std::string name_;
  const std::byte* data_ = nullptr;
  DType type_ = DType::f32;
  bool one_ = false;
};

/// Weights with zero points are no product of qgemm's; zeros are stored by some all the same.
void check_symmetric(const Checkpoint& checkpoint, const std::string& place, const std::string& module) {
  const std::string name = module + ".weight_zero_point";
  if (checkpoint.find(name) == nullptr) return;
  const auto data = checkpoint.data(name);
  if (std::any_of(data.begin(), data.end(), [](std::byte b) { return b != std::byte{0}; })) {
    throw InvalidInput(place + "the weights are asymmetric (" + in_quotes(name) +
                       " is not zero); qgemm multiplies symmetric weights alone");
  }
}

std::vector<float> read_scales(const Checkpoint& checkpoint, const Layer& layer, const WeightNames& names,
                               const Selection& selection) {
  const std::string place = place_of(checkpoint, layer);
  std::vector<RowScales> of_tensor;
  for (std::size_t i = 0; i < names.modules.size(); ++i) {
    check_symmetric(checkpoint, place, names.modules[i]);
    of_tensor.emplace_back(checkpoint, place, names.modules[i], selection.tensor_rows[i]);
  }
  std::vector<float> scales;
  for (const RowRun& run : selection.runs) {
    for (std::int64_t r = 0; r < run.rows; ++r) scales.push_back(of_tensor[run.tensor].of(run.first + r));
  }
  return scales;
}

/// Where the layer is in the checkpoint, and what of it is the device's: all checks are behind.
struct Found {
  Layer share;
  WeightNames names;
  Selection selection;
  DType type;
};

Found find_weight(const Checkpoint& checkpoint, const Model& model, const Layer& layer, std::int64_t index,
                  DeviceRank device) {
  const Layer share = split_layer(model, layer, device.tp);
  check_position(model, index, device);
  WeightNames names = find_weight_names(checkpoint, layer, index);
  Selection selection = select_rows(checkpoint, layer, share, names, device);
  const DType type = check_tensors(checkpoint, layer, names, selection);
  return {share, std::move(names), std::move(selection), type};
}

}  // namespace

StoredWeight read_weight(const Checkpoint& checkpoint, const Model& model, const Layer& layer, std::int64_t index,
                         std::int64_t tp, std::int64_t rank) {
  const auto [share, names, selection, type] = find_weight(checkpoint, model, layer, index, {tp, rank});
  StoredWeight read;
  // Scales first: what is wrong with them shows before the weight, which is large, is copied.
  if (is_quantized(type)) read.scales = read_scales(checkpoint, layer, names, selection);
  read.weight = Matrix(type, share.n, share.k);
  std::int64_t row = 0;
  for (const RowRun& run : selection.runs) {
    const auto data = checkpoint.data(names.modules[run.tensor] + ".weight");
    copy_rows(data.data(), layer.k, run, selection.first_column, read.weight.view(), row);
    row += run.rows;
  }
  return read;
}

DType check_weight(const Checkpoint& checkpoint, const Model& model, const Layer& layer, std::int64_t index,
                   std::int64_t tp, std::int64_t rank) {
  const auto [share, names, selection, type] = find_weight(checkpoint, model, layer, index, {tp, rank});
  if (is_quantized(type)) read_scales(checkpoint, layer, names, selection);
  return type;
}

}  // namespace qgemm
