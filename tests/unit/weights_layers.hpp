#pragma once
#include <cstring>
#include <set>

#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "weights_files.hpp"

// A small model and the tensors of its checkpoint, each element another, for tests of what is read of them.
namespace qgemm {

/// A matrix of a checkpoint in which no two elements are equal: 1000·seed + 16·row + column, or cut to 16 or 8 bits.
struct Stored {
  std::int64_t rows, cols;
  int seed;
  float at(std::int64_t r, std::int64_t c) const { return static_cast<float>(1000 * seed + 16 * r + c); }
};

template <class T>
TensorToWrite matrix(const std::string& name, const std::string& dtype, const Stored& m,
                     const std::function<T(float)>& as) {
  return {name, dtype, {m.rows, m.cols}, elements<T>(m.rows * m.cols, [&](std::int64_t i) {
            return as(m.at(i / m.cols, i % m.cols));
          })};
}

inline TensorToWrite f32(const std::string& name, const Stored& m) {
  return matrix<float>(name, "F32", m, [](float value) { return value; });
}

/// One row of an expected weight: a row of a stored matrix, from a column on.
struct ExpectedRow {
  Stored from;
  std::int64_t row, first_column = 0;
};

inline void expect_rows(const Matrix& weight, const std::vector<ExpectedRow>& rows, std::int64_t cols) {
  ASSERT_EQ(weight.dtype(), DType::f32);
  ASSERT_EQ(weight.rows(), static_cast<std::int64_t>(rows.size()));
  ASSERT_EQ(weight.cols(), cols);
  for (std::int64_t r = 0; r < weight.rows(); ++r) {
    const ExpectedRow& expected = rows[static_cast<std::size_t>(r)];
    for (std::int64_t c = 0; c < cols; ++c) {
      ASSERT_EQ(element(weight.view(), r, c), expected.from.at(expected.row, expected.first_column + c))
          << "row " << r << ", column " << c;
    }
  }
}

inline bool same(const Matrix& a, const Matrix& b) {
  return a.dtype() == b.dtype() && a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

inline constexpr std::int64_t hidden = 8, head_dim = 2, intermediate = 12;

/// A model of two decoder layers with 4 heads of 2, hidden size 8, intermediate size 12.
class WeightsOf {
 public:
  explicit WeightsOf(const std::string& architecture, std::int64_t kv_heads = 2, const std::string& more = "") {
    const std::string sizes =
        R"("hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 4, "num_hidden_layers": 2, "head_dim": 2, )";
    folder_.write("config.json", R"({"architectures": [")" + architecture + "\"], " + sizes +
                                     R"("num_key_value_heads": )" + std::to_string(kv_heads) + more + "}");
    model_ = load_model_config(folder_.path());
  }

  void write(const std::vector<TensorToWrite>& tensors) const {
    folder_.write("model.safetensors", safetensors(tensors));
  }
  const Layer& layer(const std::string& name) const {
    for (const Layer& layer : model_.layers) {
      if (layer.name == name) return layer;
    }
    throw InvalidInput("the test's model has no layer " + name);
  }
  StoredWeight read(const std::string& name, std::int64_t tp = 1, std::int64_t rank = 0, std::int64_t index = 1) const {
    return read_weight(Checkpoint(folder_.path()), model_, layer(name), index, tp, rank);
  }
  void expect_bad(const std::string& name, const std::vector<std::string>& words, std::int64_t tp = 1,
                  std::int64_t rank = 0, std::int64_t index = 1) const {
    expect_error<InvalidInput>([&] { (void)read(name, tp, rank, index); }, words);
  }
  const std::filesystem::path& path() const { return folder_.path(); }
  const Model& model() const { return model_; }

 private:
  CatalogFolder folder_;
  Model model_;
};

inline Stored q_of() { return {4 * head_dim, hidden, 1}; }
inline Stored k_of(std::int64_t kv_heads) { return {kv_heads * head_dim, hidden, 2}; }
inline Stored v_of(std::int64_t kv_heads) { return {kv_heads * head_dim, hidden, 3}; }

inline std::vector<TensorToWrite> llama_tensors(std::int64_t kv_heads, const std::string& place = "model.layers.1.") {
  return {f32(place + "self_attn.q_proj.weight", q_of()),
          f32(place + "self_attn.k_proj.weight", k_of(kv_heads)),
          f32(place + "self_attn.v_proj.weight", v_of(kv_heads)),
          f32(place + "self_attn.o_proj.weight", {hidden, 4 * head_dim, 4}),
          f32(place + "mlp.gate_proj.weight", {intermediate, hidden, 5}),
          f32(place + "mlp.up_proj.weight", {intermediate, hidden, 6}),
          f32(place + "mlp.down_proj.weight", {hidden, intermediate, 7})};
}

/// The rows of a device: its heads of q, then the heads of k and of v that these use.
inline std::vector<ExpectedRow> expected_qkv(std::int64_t kv_heads, std::int64_t tp, std::int64_t rank) {
  std::vector<ExpectedRow> rows;
  std::set<std::int64_t> used;
  for (std::int64_t head = rank * 4 / tp; head < (rank + 1) * 4 / tp; ++head) {
    for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({q_of(), head * head_dim + r});
    used.insert(head * kv_heads / 4);
  }
  for (const Stored& m : {k_of(kv_heads), v_of(kv_heads)}) {
    for (const std::int64_t head : used) {
      for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({m, head * head_dim + r});
    }
  }
  return rows;
}

}  // namespace qgemm
