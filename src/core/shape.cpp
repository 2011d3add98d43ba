#include "qgemm/shape.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "qgemm/error.hpp"

namespace qgemm {

std::string to_string(const Shape& shape) {
  return std::to_string(shape.m) + "x" + std::to_string(shape.n) + "x" + std::to_string(shape.k);
}

Shape parse_shape(std::string_view text) {
  std::array<std::int64_t, 3> dims{};
  const char* at = text.data();
  const char* const end = at + text.size();
  bool good = true;
  for (std::size_t i = 0; i < dims.size() && good; ++i) {
    if (i > 0) good = at != end && (*at == 'x' || *at == 'X') && ++at != end;
    if (!good) break;
    const auto [next, error] = std::from_chars(at, end, dims[i]);
    good = error == std::errc{} && dims[i] > 0;
    at = next;
  }
  if (!good || at != end) {
    throw InvalidInput("'" + std::string(text.substr(0, 64)) +
                       "' is no shape: write MxNxK with three positive numbers, as 16x4096x4096");
  }
  return {dims[0], dims[1], dims[2]};
}

}  // namespace qgemm
