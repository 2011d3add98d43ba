#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qgemm {

/// One tensor of a safetensors file.
struct SafetensorsEntry {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  ///< In the file's bytes, at any alignment.
};

/// The tensors of a safetensors file, given whole: 8 bytes with the length of the header (little-endian), the header
/// (JSON), the data. Each tensor's data are of the size that its type and shape make, and all of them together cover
/// the data without a hole or an overlap, as the format says. `where` names the file in messages. Throws `InvalidInput`
/// with what is wrong.
std::vector<SafetensorsEntry> parse_safetensors(std::span<const std::byte> file, const std::string& where);

/// A tensor's or a file's name as messages show it: in quotes, without control characters, not longer than is readable.
std::string in_quotes(std::string_view name);

}  // namespace qgemm
