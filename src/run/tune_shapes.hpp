#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "qgemm/tune.hpp"
#include "tuning/tuned_choice.hpp"

namespace qgemm {

/// All choices for a product with their times, the fastest of each cache state first.
struct RankedKernels {
  std::vector<TunedChoice> hot, cold;
};

/// A GPU as tuning sees it: the order of work needs none, so that it is tested where there is none.
struct TuneTarget {
  std::string gpu;           ///< Its name.
  std::vector<DType> types;  ///< s8, e4m3: those that this build has kernels of for it.
  /// Measures a product. Throws `Unavailable` where no kernel takes it, `OutOfMemory`: the product then has a message
  /// and no choice; what else it throws ends the tuning.
  std::function<RankedKernels(DType input, const Shape& shape)> measure;
  std::function<bool(const std::string& kernel)> has_kernel;  ///< Whether this build has it for this GPU.
};

/// The options' shapes, each once, in the plan's order. Throws `InvalidInput` as `tune` says.
std::vector<Shape> shapes_to_tune(const TuneOptions& options);

/// `tune` on a GPU that was found.
TuneSummary tune_shapes(const TuneOptions& options, const std::vector<Shape>& shapes, const TuneTarget& target,
                        TuneObserver* observer, const std::atomic<bool>* stop);

}  // namespace qgemm
