#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engines/cublaslt/matmul.hpp"

namespace qgemm::cublaslt {
namespace {

struct IdName {
  std::uint32_t id;
  std::string_view name;
};

// tile_names, stages_names and cluster_names: cublasLt.h's enumerations as text (see CMakeLists.txt).
#include "algorithm_names.inl"

template <class T>
T attribute(const Library& library, const Algorithm& algorithm, cublasLtMatmulAlgoConfigAttributes_t which) {
  T value{};
  std::size_t written = 0;
  const auto status = library.algo_get(&algorithm, which, &value, sizeof(value), &written);
  return status == CUBLAS_STATUS_SUCCESS ? value : T{};
}

/// " tile 128x256"; nothing for 0, which is "undefined"; the number for what a newer library knows.
template <std::size_t size>
std::string named(const char* what, const IdName (&names)[size], std::uint32_t id) {
  if (id == 0) return {};
  const auto* const found = std::find_if(names, names + size, [id](const IdName& entry) { return entry.id == id; });
  const std::string text = found != names + size ? std::string(found->name) : "#" + std::to_string(id);
  return std::string(" ") + what + " " + text;
}

std::string numbered(const char* what, std::uint32_t value, std::uint32_t usual) {
  return value == usual ? std::string() : std::string(" ") + what + " " + std::to_string(value);
}

}  // namespace

std::string describe(const Library& library, const Algorithm& algorithm) {
  const auto number = [&](cublasLtMatmulAlgoConfigAttributes_t which) {
    return attribute<std::uint32_t>(library, algorithm, which);
  };
  std::string text =
      "cublasLt algo " + std::to_string(attribute<std::int32_t>(library, algorithm, CUBLASLT_ALGO_CONFIG_ID));
  text += named("tile", tile_names, number(CUBLASLT_ALGO_CONFIG_TILE_ID));
  text += named("stages", stages_names, number(CUBLASLT_ALGO_CONFIG_STAGES_ID));
  text += named("cluster", cluster_names,
                attribute<std::uint16_t>(library, algorithm, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID));
  const std::uint32_t split = number(CUBLASLT_ALGO_CONFIG_SPLITK_NUM);
  text += numbered("split-K", split, split == 0 ? 0 : 1);
  text += numbered("swizzle", number(CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING), 0);
  text += numbered("custom", number(CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION), 0);
  return text;
}

}  // namespace qgemm::cublaslt
