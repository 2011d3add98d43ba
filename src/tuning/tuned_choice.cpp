#include "tuning/tuned_choice.hpp"

namespace qgemm {

std::string TunedChoice::text() const {
  std::string out = kernel;
  if (raster != 0) out += raster == 1 ? " along m" : " along n";
  if (swizzle != 1) out += " swizzle " + std::to_string(swizzle);
  return out;
}

}  // namespace qgemm
