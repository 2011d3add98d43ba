#include "engines/rounded_bias.hpp"

#include <string>

#include "qgemm/error.hpp"

namespace qgemm {

std::vector<float> rounded_bias(std::vector<float> bias, DType output, std::int64_t n) {
  if (bias.empty()) return bias;
  if (static_cast<std::int64_t>(bias.size()) != n) {
    throw InvalidInput("the bias has " + std::to_string(bias.size()) + " values for " + std::to_string(n) +
                       " output channels");
  }
  for (float& value : bias) {
    if (output == DType::bf16) value = to_float(to_bfloat16(value));
    if (output == DType::f16) value = to_float(to_float16(value));
  }
  return bias;
}

}  // namespace qgemm
