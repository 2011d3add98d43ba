#include "report/plot_paths.hpp"

#include <fmt/format.h>

namespace qgemm {

std::string path_component(std::string_view name) {
  constexpr std::size_t longest = 120;  // of the 255 bytes a file system takes
  std::string out;
  for (const char c : name.substr(0, longest)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '/') {
      out += "--";
    } else {
      out += plain || c == '.' || c == '-' || c == '_' || c == '+' || c == '=' ? c : '_';
    }
  }
  if (!out.empty() && (out[0] == '.' || out[0] == '-')) out[0] = '_';
  return out.empty() ? "shapes" : out;
}

std::filesystem::path PlotPaths::next(const LayerTable& table, Family family, std::string_view cache,
                                      std::string_view extension) {
  const auto folder = std::filesystem::path(path_component(table.model)) / fmt::format("tp{}", table.tp);
  std::string stem = fmt::format("bench_{}_res_n{}_k{}{}{}", family == Family::fp8 ? "fp8" : "int8", table.n, table.k,
                                 cache.empty() ? "" : "_", cache);
  const auto take = [&](const std::string& name) { return taken_.insert(folder / name).second; };
  std::string file = fmt::format("{}.{}", stem, extension);
  if (!take(file)) {
    stem += "_" + path_component(table.layer);
    file = fmt::format("{}.{}", stem, extension);
    for (int number = 2; !take(file); ++number) file = fmt::format("{}_{}.{}", stem, number, extension);
  }
  return folder / file;
}

}  // namespace qgemm
