// What the interface over arrays on a GPU does where there is none; what it does there is tests/python/test_gpu.py's.
#include "qgemm/device_arrays.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

class WithoutGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!find_gpus().names.empty()) GTEST_SKIP() << "there is a GPU";
  }
};

TEST_F(WithoutGpu, AReasonIsGiven) { EXPECT_GT(find_gpus().reason.size(), 10U); }

TEST_F(WithoutGpu, EverythingSaysSoAndNothingIsTouched) {
  float scale = 1;
  const DeviceStream stream;
  const ConstDeviceMatrixView x{&scale, DType::f32, 1, 1, 1};
  const DeviceMatrixView q{&scale, DType::s8, 1, 1, 1};
  const std::vector<std::function<void()>> calls{[&] { quantize_per_token(x, q, &scale, nullptr, stream); },
                                                 [&] { quantize_per_tensor(x, q, &scale, nullptr, stream); },
                                                 [&] { quantize_static(x, q, &scale, nullptr, stream); },
                                                 [&] {
                                                   DeviceScaledProduct product;
                                                   product.a = {&scale, DType::s8, 1, 1, 1};
                                                   product.w = product.a;
                                                   product.scale_a = product.scale_w = {&scale, 1};
                                                   product.d = {&scale, DType::bf16, 1, 1, 1};
                                                   scaled_mm(product, stream);
                                                 },
                                                 [&] { make_runner("int8-channel-w-token-a", x, x, {}, stream); },
                                                 [&] { device_memory(1, 0); },
                                                 [&] { make_wait(stream, stream); },
                                                 [&] { wait_for(stream); },
                                                 [&] { flush_cache(stream); },
                                                 [] { OwnedDeviceStream(0); },
                                                 [] { DeviceEvent(0); },
                                                 [&] { DeviceGraph::capture(stream, [] {}); }};
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_THROW(calls[i](), Unavailable) << i;
  EXPECT_EQ(scale, 1);
}

}  // namespace
}  // namespace qgemm
