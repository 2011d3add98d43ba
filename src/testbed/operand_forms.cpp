#include "testbed/operand_forms.hpp"

#include <algorithm>
#include <cstdint>

namespace qgemm {
namespace {

std::string type_name(DType type) { return type == DType::s8 ? "int8" : std::string(name(type)); }

std::string weights_granularity(const Scheme& scheme) {
  if (!scheme.quantized()) return "none";
  return scheme.weight_scale == ScaleGranularity::per_channel ? "channel" : "tensor";
}

std::string activations_granularity(const Scheme& scheme) {
  if (!scheme.quantized()) return "none";
  const std::string scale = scheme.activation_scale == ScaleGranularity::per_token ? "token"
                            : scheme.dynamic_tensor                                ? "dyntensor"
                                                                                   : "tensor";
  return scale + (scheme.zero_point == ZeroPoint::none ? "" : "-azp");
}

}  // namespace

std::vector<OperandForm> operand_forms(const std::vector<Scheme>& schemes) {
  std::vector<OperandForm> forms;
  for (const bool weights : {false, true}) {
    for (const Scheme& scheme : schemes) {
      OperandForm form{weights, type_name(weights ? scheme.weight : scheme.activation),
                       weights ? weights_granularity(scheme) : activations_granularity(scheme), scheme};
      const bool known = std::any_of(forms.begin(), forms.end(), [&](const OperandForm& other) {
        return other.weights == weights && other.type == form.type && other.granularity == form.granularity;
      });
      if (!known) forms.push_back(std::move(form));
    }
  }
  return forms;
}

OperandFacts facts_of(const OperandForm& form, const std::string& data, const CodeStatistics& codes) {
  return {form.weights ? "weights" : "activations",
          form.type,
          form.granularity,
          data,
          codes.absmax,
          codes.zeros_pct,
          codes.entropy_bits,
          codes.elements};
}

std::int64_t forms_bytes(const Shape& shape, const std::vector<OperandForm>& forms) {
  std::int64_t weights = 2, activations = 2;
  for (const auto& form : forms) {
    if (form.granularity == "none") continue;
    // Quantized weights stay for the first point, activations go again.
    if (form.weights) ++weights;
    if (!form.weights) activations = 3;
  }
  return weights * shape.n * shape.k + activations * shape.m * shape.k;
}

}  // namespace qgemm
