#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "catalog_folder.hpp"

/// A tensor to write into a safetensors file.
struct TensorToWrite {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::string data;
};

/// A safetensors file of this header and these data.
inline std::string with_header(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + data;
}

/// A safetensors file of these tensors, one behind the other. The header is padded to an odd length, so that nothing is
/// aligned.
inline std::string safetensors(const std::vector<TensorToWrite>& tensors) {
  std::string header = R"({"__metadata__": {"format": "pt"})", data;
  for (const auto& tensor : tensors) {
    header += ", \"" + tensor.name + R"(": {"dtype": ")" + tensor.dtype + R"(", "shape": [)";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      header += (i > 0 ? ", " : "") + std::to_string(tensor.shape[i]);
    }
    header += R"(], "data_offsets": [)" + std::to_string(data.size()) + ", " +
              std::to_string(data.size() + tensor.data.size()) + "]}";
    data += tensor.data;
  }
  header += "}";
  if (header.size() % 2 == 0) header += ' ';
  return with_header(header, data);
}

/// `count` elements of a trivial type as they lie in a file: `value(i)` each.
template <class T>
std::string elements(std::int64_t count, const std::function<T(std::int64_t)>& value) {
  std::string data(static_cast<std::size_t>(count) * sizeof(T), '\0');
  for (std::int64_t i = 0; i < count; ++i) {
    const T one = value(i);
    std::memcpy(data.data() + static_cast<std::size_t>(i) * sizeof(T), &one, sizeof one);
  }
  return data;
}
