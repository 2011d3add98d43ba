#pragma once
#include <atomic>
#include <optional>

#include "outliers/planned_layers.hpp"
#include "qgemm/accuracy.hpp"

namespace qgemm {

/// One layer of the plan, its operands made or read; nothing where `stop` was set meanwhile.
std::optional<LayerAccuracy> measure_layer(const AccuracyPlan& plan, const PlannedLayer& planned,
                                           const AccuracyOptions& options, const std::atomic<bool>* stop);

}  // namespace qgemm
