#pragma once
#include <gtest/gtest.h>

#include <optional>

#include "cuda/device.hpp"
#include "cuda/stream.hpp"

namespace qgemm::testing {

/// A test on the first GPU; skipped, with the reason, where there is none.
class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const auto devices = cuda::find_devices();
    if (devices.list.empty()) GTEST_SKIP() << devices.reason;
    device_ = devices.list.front();
    cuda::use(device_);
    stream_.emplace();
  }
  cudaStream_t stream() const { return stream_->get(); }
  const cuda::Device& device() const { return device_; }

 private:
  cuda::Device device_;
  std::optional<cuda::Stream> stream_;
};

}  // namespace qgemm::testing
