#include "engines/avx512/tile_kernels.hpp"

namespace qgemm::avx512 {

#if defined(__x86_64__)
extern const TileKernel amx_int8_kernel, avx512_vnni_kernel, avx2_vnni_kernel, avx2_kernel;
#endif

namespace {

struct Candidate {
  const TileKernel* kernel;
  bool (*runs_on)(const CpuFeatures& features);
};

const std::vector<Candidate>& candidates() {
  static const std::vector<Candidate> list = {
#if defined(__x86_64__)
    {&amx_int8_kernel, [](const CpuFeatures& has) { return has.amx_int8; }},
    {&avx512_vnni_kernel, [](const CpuFeatures& has) { return has.avx512_vnni; }},
    {&avx2_vnni_kernel, [](const CpuFeatures& has) { return has.avx_vnni; }},
    {&avx2_kernel, [](const CpuFeatures& has) { return has.avx2; }},
#endif
  };
  return list;
}

bool runs(const Candidate& candidate, const CpuFeatures& features) {
  return candidate.runs_on(features) && (candidate.kernel->usable == nullptr || candidate.kernel->usable());
}

}  // namespace

std::vector<std::string_view> kernel_names() {
  std::vector<std::string_view> names;
  for (const Candidate& candidate : candidates()) names.emplace_back(candidate.kernel->name);
  return names;
}

const TileKernel* find_kernel(std::string_view name, const CpuFeatures& features) {
  for (const Candidate& candidate : candidates()) {
    if (name == candidate.kernel->name && runs(candidate, features)) return candidate.kernel;
  }
  return nullptr;
}

const TileKernel* best_kernel(const CpuFeatures& features) {
  for (const Candidate& candidate : candidates()) {
    if (runs(candidate, features)) return candidate.kernel;
  }
  return nullptr;
}

}  // namespace qgemm::avx512
