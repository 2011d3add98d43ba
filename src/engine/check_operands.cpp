#include "engine/check_operands.hpp"

#include <cstdint>
#include <string>

#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm {
namespace {

std::string size_text(std::int64_t rows, std::int64_t cols) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

void check_size(const char* what, std::int64_t rows, std::int64_t cols, std::int64_t want_rows,
                std::int64_t want_cols) {
  if (rows == want_rows && cols == want_cols) return;
  throw InvalidInput(std::string(what) + " of " + size_text(rows, cols) + " do not fit a product that takes " +
                     size_text(want_rows, want_cols));
}

}  // namespace

void check_operands(const GemmSpec& spec, const Operands& operands) {
  const Shape& shape = spec.shape;
  if (!operands.weights) throw InvalidInput("a product needs weights, and none were given");
  check_size("weights", operands.weights->n(), operands.weights->k(), shape.n, shape.k);
  const bool ahead = spec.scheme.activation_quant == ActivationQuant::ahead;
  if (operands.quantized != nullptr && ahead) {
    const Matrix& values = operands.quantized->values;
    check_size("int8 activations", values.rows(), values.cols(), shape.m, shape.k);
  } else {
    if (operands.activations.data == nullptr) throw InvalidInput("a product needs activations, and none were given");
    check_size("activations", operands.activations.rows, operands.activations.cols, shape.m, shape.k);
    if (needs_static_scale(spec.scheme) && !operands.static_scale) {
      throw InvalidInput("provider " + provider_name(spec.scheme) + " needs an activation scale, and none was given");
    }
  }
  if (operands.quantized != nullptr && !ahead) {
    throw InvalidInput("provider " + provider_name(spec.scheme) + " quantizes itself and takes no int8 activations");
  }
  const std::int64_t bias = spec.bias ? shape.n : 0;
  if (static_cast<std::int64_t>(operands.bias.size()) != bias) {
    throw InvalidInput("a bias of " + std::to_string(operands.bias.size()) +
                       " values was given where the product takes " + std::to_string(bias));
  }
  if (operands.weight_sets < 1) throw InvalidInput("a product needs at least one set of weights");
}

}  // namespace qgemm
