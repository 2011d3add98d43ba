#include "engines/onednn/zero_points.hpp"

#include <cstdint>

// One form an instruction set, chosen when the program is loaded: this runs on every sum of a product.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define QGEMM_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QGEMM_WIDEST
#endif

namespace qgemm::onednn {

QGEMM_WIDEST void subtract_zero_point(std::int32_t zero_point, std::span<const std::int32_t> colsum,
                                      std::int32_t* sums) {
  const auto times = static_cast<std::uint32_t>(zero_point);
  const std::int32_t* column = colsum.data();
  const std::size_t count = colsum.size();
  for (std::size_t n = 0; n < count; ++n) {
    sums[n] =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[n]) - times * static_cast<std::uint32_t>(column[n]));
  }
}

}  // namespace qgemm::onednn
