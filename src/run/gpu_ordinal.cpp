#include "run/gpu_ordinal.hpp"

#include <charconv>

namespace qgemm {

int gpu_ordinal(const std::string& device) {
  if (device == "cuda") return 0;
  if (!device.starts_with("cuda:")) return -1;
  int ordinal = -1;
  const char* first = device.data() + 5;
  const char* last = device.data() + device.size();
  const auto [end, error] = std::from_chars(first, last, ordinal);
  return error == std::errc{} && end == last && first != last ? ordinal : -1;
}

}  // namespace qgemm
