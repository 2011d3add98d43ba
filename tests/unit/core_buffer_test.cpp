#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "qgemm/error.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

TEST(AlignedBuffer, IsWhollyUsableAtItsAlignment) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{63}, std::size_t{65}, 4 * mib - 1, 4 * mib, 4 * mib + 1,
                                  7 * mib + 12345, 64 * mib}) {
    const AlignedBuffer buffer(bytes);
    ASSERT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % (bytes >= 4 * mib ? 2 * mib : 64), 0U) << bytes;
    std::memset(buffer.data(), 0x5a, bytes);
    EXPECT_EQ(buffer.as<std::uint8_t>()[bytes - 1], 0x5a);
  }
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
}

TEST(AlignedBuffer, MovesWithItsOwnWayToBeFreed) {
  AlignedBuffer small(100), large(8 * mib);
  std::byte* const first = small.data();
  std::byte* const second = large.data();
  std::swap(small, large);
  EXPECT_EQ(small.data(), second);
  EXPECT_EQ(large.data(), first);
  small = AlignedBuffer(10);
  large = AlignedBuffer(4 * mib);
  std::memset(large.data(), 1, large.size());
  std::memset(small.data(), 1, small.size());
}

TEST(AlignedBuffer, SaysWhatDoesNotFit) {
  for (const std::size_t bytes : {std::size_t{1} << 46U, std::size_t{1} << 48U, SIZE_MAX - 5}) {
    try {
      const AlignedBuffer buffer(bytes);
      ADD_FAILURE() << bytes;
    } catch (const OutOfMemory& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(bytes)), std::string::npos) << error.what();
    }
  }
}

#ifdef __linux__
/// Pages of address space that this process has.
std::size_t mapped_pages() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

TEST(AlignedBuffer, GivesEverythingBack) {
  const auto some_at_once = [] {
    std::vector<AlignedBuffer> held;
    for (std::size_t i = 0; i < 20; ++i) held.emplace_back((4 + i) * mib + i * 4097);
  };
  some_at_once();
  const std::size_t before = mapped_pages();
  for (int i = 0; i < 50; ++i) some_at_once();
  EXPECT_LT(mapped_pages(), before + 20 * mib / 4096);
}
#endif

}  // namespace
}  // namespace qgemm
