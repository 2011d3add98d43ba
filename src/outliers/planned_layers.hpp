#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operands/random_operands.hpp"
#include "qgemm/accuracy.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm {

/// One layer to look at.
struct PlannedLayer {
  std::size_t model = 0;  ///< Among the plan's.
  Layer layer, share;     ///< As the model has it, and the device's share of it.
  std::int64_t decoder_layer = 0;
};

/// Options that were checked.
struct AccuracyPlan {
  std::vector<Model> models;
  std::vector<PlannedLayer> layers;
  std::optional<Checkpoint> weights, activations;
  DataKind data = DataKind::outlier;
  std::vector<double> alphas;
  std::vector<std::string> providers;
  std::vector<Scheme> schemes;     ///< Of the providers.
  std::vector<std::string> notes;  ///< What is left out.
};

/// Opens the files and checks that all layers asked for are in them. Throws as `measure_accuracy` does.
AccuracyPlan plan_accuracy(const AccuracyOptions& options);

}  // namespace qgemm
