#pragma once
#include <cstdint>
#include <vector>

#include "core/case.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {

/// All cases of one shape in one cache state: measured interleaved.
struct Point {
  std::string model, layer;
  std::int64_t tp = 1;
  Shape shape;
  CacheState cache = CacheState::cold;
  std::vector<Case> cases;
};

/// What the plan has to know about an external engine.
struct PlanExternal {
  std::string name;
  std::vector<std::string> providers;
};

/// What the plan has to know about the device: names and defaults, nothing that is measured.
struct PlanDevice {
  std::vector<std::string> default_providers;
  std::vector<std::int64_t> default_batch_sizes, quick_batch_sizes;
  CacheState default_cache = CacheState::cold;
  std::vector<std::string> engines;  ///< Best first.
  std::vector<PlanExternal> externals = {};
};

/// The CPU's defaults: the reference's five providers and f32 as the second baseline, M up to 1024, cold.
PlanDevice cpu_plan_device(std::vector<std::string> engines);

/// A GPU's defaults: the reference's five providers and its FP8 four (where the GPU has FP8), M up to 16384, hot.
PlanDevice cuda_plan_device(std::vector<std::string> engines, bool fp8);

/// The sweep as points, model by model, TP by TP, layer by layer, M by M: a pure function of its arguments and of the
/// catalogue's files. Throws `InvalidInput` for what cannot be planned (unknown names, a TP that does not divide, K
/// past the int32 bound, shapes past 2³¹ a dimension, more than a million rows).
std::vector<Point> plan_points(const SweepOptions& options, const PlanDevice& device);

}  // namespace qgemm
