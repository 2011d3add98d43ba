#pragma once
#include "catalog/json_file.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {

/// The products of a model of Hugging Face as an inference engine runs them, from its `config.json`: q, k and v in one
/// product and gate and up in one, experts one by one. `layers`, `lm_head` and `decoder_layers` of the model; its name
/// and source are the caller's. Throws `InvalidInput` naming the file, the field and what is wrong with it; for an
/// architecture that is not known, those that are.
Model read_architecture(const JsonFields& config);

}  // namespace qgemm
