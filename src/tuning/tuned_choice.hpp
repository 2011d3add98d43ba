#pragma once
#include <string>

namespace qgemm {

/// The kernel that was fastest for a shape, and how it orders its tiles.
struct TunedChoice {
  std::string kernel;  ///< Its name, as rows report it; a build may lack a kernel that a table names.
  int raster = 0;      ///< 0 the scheduler's own choice, 1 along M, 2 along N.
  int swizzle = 1;     ///< How many neighbours share L2: 1 … max_swizzle.
  double us = 0;       ///< Of one call while choosing, > 0: to compare choices by, never a result.
  std::string origin;  ///< Where a table has it from, for a row's note; no part of a file, nor of what is compared.

  /// As rows name a kernel: "sm90_s8_128x128x128_2x1_pingpong along m swizzle 8".
  std::string text() const;
  /// True for the same kernel in the same order of tiles, whatever its time.
  bool runs_as(const TunedChoice& other) const {
    return kernel == other.kernel && raster == other.raster && swizzle == other.swizzle;
  }
};

inline constexpr int max_swizzle = 64;

}  // namespace qgemm
