#include "run/select_testbed.hpp"

#include "qgemm/error.hpp"
#include "run/gpu_ordinal.hpp"
#include "testbed/cpu/cpu_testbed.hpp"
#ifdef QGEMM_HAVE_CUDA
#include "testbed/cuda/cuda_testbed.hpp"
#endif

namespace qgemm {
#ifdef QGEMM_HAVE_CUDA
namespace {

std::string note_on(const cuda::Device& device) {
  const std::string capability = std::to_string(device.major) + "." + std::to_string(device.minor);
  if (device.capability() >= 100) {
    return device.name + " (compute capability " + capability +
           ") is newer than this version knows: its INT8 products run by the kernels made for sm_80, right, but below "
           "what "
           "it could do";
  }
  if (device.capability() < 80) {
    return device.name + " (compute capability " + capability +
           ") has no INT8 kernels here: they need 8.0 (Ampere) or later";
  }
  return {};
}

}  // namespace
#endif

SelectedTestbed select_testbed(const SweepOptions& options) {
  const std::string& device = options.device;
  if (device == "cpu") return {make_cpu_testbed(options), {}};
  const int ordinal = device == "auto" ? 0 : gpu_ordinal(device);
  if (ordinal < 0) {
    throw InvalidInput("--device is '" + device.substr(0, 64) +
                       "': use auto, cpu, cuda or cuda:N (qgemm list devices)");
  }
#ifdef QGEMM_HAVE_CUDA
  const cuda::Devices found = cuda::find_devices();
  if (device == "auto") {
    std::string reason = found.reason;
    for (const cuda::Device& candidate : found.list) {
      try {
        cuda::use(candidate);
        return {cuda::make_testbed(options, candidate), note_on(candidate)};
      } catch (const Unavailable& error) {
        reason = error.what();
      }
    }
    return {make_cpu_testbed(options), "no GPU is used: " + reason + "; measuring on the CPU"};
  }
  for (const cuda::Device& candidate : found.list) {
    if (candidate.ordinal != ordinal) continue;
    cuda::use(candidate);
    return {cuda::make_testbed(options, candidate), {}};
  }
  std::string reason = found.reason;
  if (!found.list.empty()) {
    reason = "this machine's last GPU is cuda:" + std::to_string(found.list.back().ordinal);
  }
  throw Unavailable("--device " + device + " cannot be used: " + reason + "; --device cpu measures the CPU");
#else
  if (device == "auto") return {make_cpu_testbed(options), {}};
  throw Unavailable("--device " + device +
                    " cannot be used: this build has no CUDA engines; --device cpu measures the CPU");
#endif
}

}  // namespace qgemm
