#pragma once
#include <string>
#include <vector>

#include "operands/code_statistics.hpp"
#include "qgemm/result.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// One form in which an operand is multiplied, and a scheme that asks for it.
struct OperandForm {
  bool weights = false;
  std::string type;         ///< "int8", "e4m3", "bf16", "f32".
  std::string granularity;  ///< In a provider's words: "none", "tensor", "dyntensor", "channel", "token", "token-azp".
  Scheme scheme;
};

/// The forms that differ, those of the activations first, each in order of appearance. A provider and its `-noquant`
/// share both. f32 operands are the bf16 ones widened: the same values and the same upper bytes, so that the bf16 ones
/// may be looked at in their place.
std::vector<OperandForm> operand_forms(const std::vector<Scheme>& schemes);

/// `form` with what was found of its codes. `data`: the distribution it was drawn from, by its name.
OperandFacts facts_of(const OperandForm& form, const std::string& data, const CodeStatistics& codes);

/// Bytes at most that looking at all `forms` of W[N,K] and A[M,K] takes, in the device's memory.
std::int64_t forms_bytes(const Shape& shape, const std::vector<OperandForm>& forms);

}  // namespace qgemm
