#include "qgemm/scheme.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// All schemes with a name, in table order.
std::vector<Scheme> all_schemes() {
  std::vector<Scheme> schemes{{}};
  schemes.push_back({.weight = DType::f32, .activation = DType::f32, .output = DType::f32});
  for (const DType type : {DType::s8, DType::e4m3}) {
    for (const auto weight : {ScaleGranularity::per_tensor, ScaleGranularity::per_channel}) {
      for (const int activation : {0, 1, 2}) {  // tensor, token, dyntensor
        for (const bool azp : {false, true}) {
          for (const bool ahead : {false, true}) {
            if (azp && type != DType::s8) continue;
            const bool token = activation == 1, dyntensor = activation == 2;
            Scheme s{.weight = type, .activation = type};
            s.weight_scale = weight;
            s.activation_scale = token ? ScaleGranularity::per_token : ScaleGranularity::per_tensor;
            s.activation_quant = ahead                ? ActivationQuant::ahead
                                 : token || dyntensor ? ActivationQuant::dynamic
                                                      : ActivationQuant::static_scale;
            s.zero_point = !azp ? ZeroPoint::none : token ? ZeroPoint::per_token : ZeroPoint::per_tensor;
            s.dynamic_tensor = dyntensor;
            schemes.push_back(s);
          }
        }
      }
    }
  }
  return schemes;
}

}  // namespace

std::string provider_name(const Scheme& scheme) {
  if (!scheme.quantized()) return std::string(name(scheme.weight));
  std::string text = scheme.integer() ? "int8" : "fp8";
  text += scheme.weight_scale == ScaleGranularity::per_channel ? "-channel-w" : "-tensor-w";
  text += scheme.activation_scale == ScaleGranularity::per_token ? "-token-a"
          : scheme.dynamic_tensor                                ? "-dyntensor-a"
                                                                 : "-tensor-a";
  if (scheme.zero_point != ZeroPoint::none) text += "-azp";
  if (scheme.activation_quant == ActivationQuant::ahead) text += "-noquant";
  return text;
}

std::vector<std::string> all_providers() {
  std::vector<std::string> names;
  for (const auto& scheme : all_schemes()) names.push_back(provider_name(scheme));
  return names;
}

Scheme parse_provider(std::string_view provider) {
  if (provider == "torch-bf16") provider = "bf16";
  for (const auto& scheme : all_schemes()) {
    if (provider_name(scheme) == provider) return scheme;
  }
  throw InvalidInput("unknown provider '" + std::string(provider.substr(0, 128)) + "': the nearest are " +
                     join_or(nearest(provider, all_providers())) + " (all: qgemm list providers)");
}

std::vector<std::string> expand_providers(const std::vector<std::string>& patterns,
                                          const std::vector<std::string>& defaults) {
  const auto known = all_providers();
  std::vector<bool> wanted(known.size(), false);
  const auto want = [&](std::string_view pattern) {
    bool any = false;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (matches_pattern(known[i], pattern)) any = wanted[i] = true;
    }
    return any;
  };
  for (const auto& pattern : patterns) {
    if (pattern == "default") {
      for (const auto& name : defaults) want(name);
    } else if (pattern == "all") {
      want("*");
    } else if (pattern.find('*') != std::string::npos) {
      // `torch-*` has to find the alias too.
      const bool alias = matches_pattern("torch-bf16", pattern) && want("bf16");
      if (!want(pattern) && !alias) {
        throw InvalidInput("no provider matches '" + pattern.substr(0, 128) + "' (all: qgemm list providers)");
      }
    } else {
      want(provider_name(parse_provider(pattern)));
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (wanted[i]) names.push_back(known[i]);
  }
  return names;
}

std::int64_t max_k(const Scheme& scheme) {
  if (!scheme.integer()) return std::numeric_limits<std::int64_t>::max();
  // A scale found from the data itself keeps symmetric values in ±127; one given ahead, or a zero point, lets −128
  // occur.
  const bool own_scale = scheme.activation_scale == ScaleGranularity::per_token || scheme.dynamic_tensor;
  return own_scale && scheme.zero_point == ZeroPoint::none ? 133'144 : 131'071;
}

}  // namespace qgemm
