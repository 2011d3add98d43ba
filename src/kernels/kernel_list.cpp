#include "kernels/kernel_list.hpp"

#include "core/nearest.hpp"
#include "kernels/wgmma/lists.hpp"
#include "qgemm/error.hpp"

namespace qgemm::kernels {
namespace {

KernelList make_list() {
  KernelList list;
#if defined(QGEMM_KERNELS_SM90)
  sm90::add_s8_reference(list);
  sm90::add_e4m3_reference(list);
#endif
#if defined(QGEMM_KERNELS_WGMMA)
  wgmma::add_s8_small(list);
  wgmma::add_s8_quantizing(list);
  wgmma::add_s8_between(list);
  wgmma::add_s8_medium(list);
  wgmma::add_s8_large(list);
  wgmma::add_e4m3_small(list);
  wgmma::add_e4m3_quantizing(list);
  wgmma::add_e4m3_between(list);
  wgmma::add_e4m3_medium(list);
  wgmma::add_e4m3_large(list);
#endif
#if defined(QGEMM_KERNELS_SM80)
  sm80::add_s8_small(list);
  sm80::add_s8_large(list);
#endif
  return list;
}

}  // namespace

const std::vector<const ScaledGemmKernel*>& all_kernels() {
  static const KernelList owned = make_list();
  static const std::vector<const ScaledGemmKernel*> seen = [] {
    std::vector<const ScaledGemmKernel*> pointers;
    for (const auto& kernel : owned) pointers.push_back(kernel.get());
    return pointers;
  }();
  return seen;
}

const ScaledGemmKernel& find_kernel(std::string_view name, DType output) {
  std::vector<std::string> names;
  for (const ScaledGemmKernel* kernel : all_kernels()) {
    if (kernel->traits().output != output) continue;
    if (kernel->traits().name == name) return *kernel;
    names.push_back(kernel->traits().name);
  }
  std::string message =
      "this build has no kernel '" + std::string(name) + "' that gives " + std::string(qgemm::name(output));
  const auto near = nearest(name, names);
  if (!near.empty()) message += "; did you mean " + join_or(near) + "?";
  throw InvalidInput(message);
}

}  // namespace qgemm::kernels
