#include "tuning/tuning_table.hpp"

#include <cmath>

#include "qgemm/error.hpp"

namespace qgemm {

std::optional<TunedChoice> TuningTable::find(DType input, const Shape& shape, CacheState cache) const {
  const auto found = choices_.find(key(input, shape, cache));
  if (found == choices_.end()) return std::nullopt;
  return found->second;
}

void TuningTable::add(DType input, const Shape& shape, CacheState cache, TunedChoice choice) {
  const auto refuse = [&](const std::string& what) {
    throw InvalidInput("no tuning entry for " + std::string(name(input)) + " " + to_string(shape) + " " +
                       std::string(name(cache)) + ": " + what);
  };
  if (input != DType::s8 && input != DType::e4m3) refuse("its input must be s8 or e4m3");
  if (shape.m < 1 || shape.n < 1 || shape.k < 1) refuse("M, N and K must be at least 1");
  if (choice.kernel.empty()) refuse("it names no kernel");
  if (choice.raster < 0 || choice.raster > 2) refuse("raster must be 0, 1 or 2");
  if (choice.swizzle < 1 || choice.swizzle > max_swizzle) {
    refuse("swizzle must be between 1 and " + std::to_string(max_swizzle));
  }
  if (!(choice.us > 0) || !std::isfinite(choice.us)) refuse("its time must be a positive number of microseconds");
  choices_.insert_or_assign(key(input, shape, cache), std::move(choice));
}

void TuningTable::merge(const TuningTable& later) {
  if (later.gpu_ != gpu_) {
    throw InvalidInput("a tuning table of " + later.gpu_ + " does not fit one of " + gpu_);
  }
  for (const auto& [which, choice] : later.choices_) choices_.insert_or_assign(which, choice);
}

}  // namespace qgemm
