#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "report/layer_table.hpp"

namespace qgemm {

/// A name from the results as one path component: "org/model" is "org--model", and what could lead elsewhere or
/// trouble a shell or a file system becomes '_'. Never empty, "." or "..".
std::string path_component(std::string_view name);

/// Names of the plots of one call. Where two would get the same name (layers of equal N and K; the reference overwrote
/// one with the other) the later gets its layer's name behind it, then a number.
class PlotPaths {
 public:
  /// `<org>--<model>/tp<T>/bench_<family>_res_n<N>_k<K>[_<cache>].<extension>`, relative to the plots' folder.
  std::filesystem::path next(const LayerTable& table, Family family, std::string_view cache,
                             std::string_view extension);

 private:
  std::set<std::filesystem::path> taken_;
};

}  // namespace qgemm
