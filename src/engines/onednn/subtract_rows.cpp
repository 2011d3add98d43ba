#include "engines/onednn/subtract_rows.hpp"

// One form an instruction set, chosen when the program is loaded: this runs on every sum of a product.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define QGEMM_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QGEMM_WIDEST
#endif

namespace qgemm::onednn {

QGEMM_WIDEST void subtract_from_rows(std::span<const std::int32_t> row, std::int32_t* sums, std::int64_t rows) {
  const std::int32_t* less = row.data();
  const auto count = static_cast<std::int64_t>(row.size());
  for (std::int64_t r = 0; r < rows; ++r, sums += count) {
    for (std::int64_t n = 0; n < count; ++n) {
      sums[n] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[n]) - static_cast<std::uint32_t>(less[n]));
    }
  }
}

}  // namespace qgemm::onednn
