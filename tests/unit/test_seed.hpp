#pragma once
#include <cstdint>
#include <cstdlib>
#include <random>

namespace qgemm::testing {

/// The seed of this process's random tests: QGEMM_TEST_SEED, else a fresh one, which failures print.
inline std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("QGEMM_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

}  // namespace qgemm::testing
