#pragma once
#include "qgemm/accuracy.hpp"

namespace qgemm::testing {

/// A report of two decoder layers with `o` and `down`, made up: down of layer 1 has the outliers, and is what smoothing
/// helps.
inline AccuracyReport sample_report() {
  AccuracyReport report;
  report.date = "2026-11-23T12:00:00+0000";
  report.command = "qgemm accuracy --weights DIR";
  report.qgemm_version = "0.1.0";
  report.git_revision = "0123456789ab";
  report.weights = "DIR";
  report.activations = "inputs.safetensors";
  report.seed = 18446744073709551615U;
  report.alphas = {0.25, 0.5};
  report.providers = {"int8-tensor-w-tensor-a", "int8-channel-w-tensor-a", "int8-channel-w-token-a",
                      "fp8-channel-w-token-a"};
  report.planned = 4;
  for (const std::int64_t index : {0, 1}) {
    for (const char* name : {"o", "down"}) {
      const bool bad = index == 1 && std::string(name) == "down";
      LayerAccuracy layer;
      layer.model = "org/model";
      layer.layer = name;
      layer.decoder_layer = index;
      layer.tokens = 32;
      layer.calibration_tokens = 256;
      layer.n = 64;
      layer.k = 128;
      layer.channels = 16;
      layer.weights = "bf16";
      layer.weight = {0.5, 0.25};
      layer.activation = bad ? ValueRange{400, 2} : ValueRange{4, 2};
      layer.token = {4, 2};
      layer.massive_pct = bad ? 3.125 : 0;
      layer.fold = std::string(name) == "down" ? "up" : "";
      const double loss = bad ? 12 : 0;
      layer.schemes = {{"int8-tensor-w-tensor-a", 30 - loss, {31, 32}, 0.5, 32},
                       {"int8-channel-w-tensor-a", 31 - loss, {31, 32.5}, 0.5, 32.5},
                       {"int8-channel-w-token-a", 38 - loss, {39, 38}, 0.25, 39},
                       {"fp8-channel-w-token-a", 28.5, {28.5, 28.25}, 0.25, 28.5}};
      report.layers.push_back(layer);
    }
  }
  return report;
}

}  // namespace qgemm::testing
