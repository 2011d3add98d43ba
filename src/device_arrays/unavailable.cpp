// A build without the CUDA engines.
#include "qgemm/device_arrays.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

constexpr const char* reason =
    "this build has no CUDA engines: build it where nvcc and CUTLASS are (scripts/setup --with-cuda=toolkit installs "
    "them)";

[[noreturn]] void refuse() {
  throw Unavailable(std::string("arrays on a GPU cannot be used, ") + reason + ", or move them to the host's memory");
}

}  // namespace

Gpus find_gpus() { return {{}, reason}; }

void quantize_per_token(const ConstDeviceMatrixView&, const DeviceMatrixView&, float*, std::int32_t*,
                        const DeviceStream&) {
  refuse();
}
void quantize_per_tensor(const ConstDeviceMatrixView&, const DeviceMatrixView&, float*, std::int32_t*,
                         const DeviceStream&) {
  refuse();
}
void quantize_static(const ConstDeviceMatrixView&, const DeviceMatrixView&, const float*, const std::int32_t*,
                     const DeviceStream&) {
  refuse();
}
void scaled_mm(const DeviceScaledProduct&, const DeviceStream&) { refuse(); }

struct DeviceRunner::State {};
DeviceRunner::DeviceRunner(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeviceRunner::DeviceRunner(DeviceRunner&&) noexcept = default;
DeviceRunner& DeviceRunner::operator=(DeviceRunner&&) noexcept = default;
DeviceRunner::~DeviceRunner() = default;
void DeviceRunner::operator()(const DeviceStream&) { refuse(); }
DeviceMatrixView DeviceRunner::output() const { refuse(); }
std::vector<float> DeviceRunner::activation_scales(const DeviceStream&) const { refuse(); }
void DeviceRunner::check(const DeviceStream&) const { refuse(); }
std::string DeviceRunner::engine() const { refuse(); }
std::string DeviceRunner::kernel() const { refuse(); }
DeviceRunner make_runner(std::string_view, const ConstDeviceMatrixView&, const ConstDeviceMatrixView&,
                         const RunnerOptions&, const DeviceStream&) {
  refuse();
}

std::shared_ptr<void> device_memory(std::size_t, int) { refuse(); }
void make_wait(const DeviceStream&, const DeviceStream&) { refuse(); }
void wait_for(const DeviceStream&) { refuse(); }

OwnedDeviceStream::OwnedDeviceStream(int device) : device_(device) { refuse(); }

DeviceEvent::DeviceEvent(int device) : device_(device) { refuse(); }
void DeviceEvent::record(const DeviceStream&) { refuse(); }
void DeviceEvent::wait() const { refuse(); }
double DeviceEvent::microseconds_since(const DeviceEvent&) const { refuse(); }

struct DeviceGraph::State {};
DeviceGraph DeviceGraph::capture(const DeviceStream&, const std::function<void()>&) { refuse(); }
bool DeviceGraph::empty() const { refuse(); }
void DeviceGraph::launch(const DeviceStream&) const { refuse(); }

void flush_cache(const DeviceStream&) { refuse(); }

}  // namespace qgemm
