#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/dtype.hpp"

namespace qgemm {

/// How many scales an operand has: one, one an output channel (row of W), or one a token (row of A).
enum class ScaleGranularity : std::uint8_t { none, per_tensor, per_channel, per_token };

/// When activations are quantized: not at all, inside the timed call with scales found there (`dynamic`) or given ahead
/// (`static_scale`), or before the timed call (`ahead`, the reference's `-noquant`).
enum class ActivationQuant : std::uint8_t { none, dynamic, static_scale, ahead };

/// Whether activations carry a zero point (azp), and how many.
enum class ZeroPoint : std::uint8_t { none, per_tensor, per_token };

/// How a product is quantized: a value that says everything but the shape. Made from a provider's name.
struct Scheme {
  DType weight = DType::bf16, activation = DType::bf16, output = DType::bf16;
  ScaleGranularity weight_scale = ScaleGranularity::none, activation_scale = ScaleGranularity::none;
  ActivationQuant activation_quant = ActivationQuant::none;
  ZeroPoint zero_point = ZeroPoint::none;
  /// True where a per-tensor activation scale is found from the batch itself (`dyntensor`), also when done ahead.
  bool dynamic_tensor = false;

  bool quantized() const { return weight == DType::s8 || weight == DType::e4m3; }
  bool integer() const { return weight == DType::s8; }
  /// True where quantization is part of the timed call.
  bool quantizes_inside() const {
    return activation_quant == ActivationQuant::dynamic || activation_quant == ActivationQuant::static_scale;
  }
  friend bool operator==(const Scheme&, const Scheme&) = default;
};

/// The scheme a provider's name stands for: `bf16` (also `torch-bf16`), `f32`, and
/// `{int8|fp8}-{tensor|channel}-w-{tensor|token|dyntensor}-a[-azp][-noquant]` (azp for int8 only). Output bf16 (f32 for
/// `f32`) until the caller changes it. Throws `InvalidInput` with the nearest names.
Scheme parse_provider(std::string_view provider);

/// The name of a scheme; `parse_provider(provider_name(s)) == s` up to the output type.
std::string provider_name(const Scheme& scheme);

/// All names, in table order: bf16, f32, then int8, then fp8.
std::vector<std::string> all_providers();

/// Expands `default`, `all`, `*` patterns and aliases (`torch-bf16`) into names, in table order, each once.
/// `defaults` is what `default` stands for. Throws `InvalidInput` for what matches nothing, naming the nearest.
std::vector<std::string> expand_providers(const std::vector<std::string>& patterns,
                                          const std::vector<std::string>& defaults);

/// The largest K whose int32 sums cannot overflow: 133,144 where values stay in ±127, 131,071 where −128 can occur
/// (2³¹−1 divided by 127² and by 128²); unbounded (INT64_MAX) for float schemes.
std::int64_t max_k(const Scheme& scheme);

}  // namespace qgemm
