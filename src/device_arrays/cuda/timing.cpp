#include <memory>

#include "cuda/cuda_error.hpp"
#include "cuda/current_device.hpp"
#include "cuda/device_buffer.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "cuda/stream_memory.hpp"
#include "device_arrays/cuda/gpus.hpp"
#include "qgemm/error.hpp"

namespace qgemm {

void make_wait(const DeviceStream& later, const DeviceStream& earlier) {
  if (later.device != earlier.device) {
    throw InvalidInput("streams of cuda:" + std::to_string(later.device) + " and cuda:" +
                       std::to_string(earlier.device) + " cannot wait for one another here: use one GPU");
  }
  const cuda::CurrentDevice current(gpu(later.device).ordinal);
  const cuda::Event event;
  event.record(handle_of(earlier));
  cuda::check(cudaStreamWaitEvent(handle_of(later), event.get(), 0));
}

void wait_for(const DeviceStream& stream) {
  const cuda::CurrentDevice current(gpu(stream.device).ordinal);
  cuda::check(cudaStreamSynchronize(handle_of(stream)));
}

OwnedDeviceStream::OwnedDeviceStream(int device) : device_(device) {
  const cuda::CurrentDevice current(gpu(device).ordinal);
  auto stream = std::make_shared<cuda::Stream>();
  cudaStream_t const handle = stream->get();
  handle_ = std::shared_ptr<void>(std::move(stream), handle);
}

DeviceEvent::DeviceEvent(int device) : device_(device) {
  const cuda::CurrentDevice current(gpu(device).ordinal);
  event_ = std::make_shared<cuda::Event>();
}

void DeviceEvent::record(const DeviceStream& stream) {
  const cuda::CurrentDevice current(device_);
  static_cast<const cuda::Event*>(event_.get())->record(handle_of(stream));
}

void DeviceEvent::wait() const { static_cast<const cuda::Event*>(event_.get())->synchronize(); }

double DeviceEvent::microseconds_since(const DeviceEvent& earlier) const {
  return static_cast<const cuda::Event*>(event_.get())
      ->microseconds_since(*static_cast<const cuda::Event*>(earlier.event_.get()));
}

struct DeviceGraph::State {
  cuda::Graph graph;
  int device = 0;
};

DeviceGraph DeviceGraph::capture(const DeviceStream& stream, const std::function<void()>& enqueue) {
  const cuda::CurrentDevice current(gpu(stream.device).ordinal);
  auto state = std::make_shared<State>();
  state->device = stream.device;
  state->graph = cuda::Graph::capture(handle_of(stream), [&](cudaStream_t) { enqueue(); });
  return DeviceGraph(std::move(state));
}

bool DeviceGraph::empty() const { return state_->graph.nodes() == 0; }

void DeviceGraph::launch(const DeviceStream& stream) const {
  const cuda::CurrentDevice current(state_->device);
  state_->graph.launch(handle_of(stream));
}

void flush_cache(const DeviceStream& stream) {
  const cuda::Device& device = gpu(stream.device);
  const cuda::CurrentDevice current(device.ordinal);
  const auto bytes = 2 * static_cast<std::size_t>(device.l2_bytes);
  const cuda::StreamMemory memory(bytes, handle_of(stream));
  cuda::check(cudaMemsetAsync(memory.data(), 0, bytes, handle_of(stream)));
}

}  // namespace qgemm
