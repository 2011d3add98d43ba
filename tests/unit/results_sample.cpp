#include "results_sample.hpp"

#include <array>
#include <cstdint>

namespace qgemm {

Result sample_row(const std::string& provider, std::int64_t m, double tflops) {
  Result row;
  row.model = "meta-llama/Llama-3.1-8B-Instruct";
  row.layer = "qkv";
  row.shape = {m, 6144, 4096};
  row.provider = provider;
  row.engine = provider.starts_with("int8") ? "avx512" : "onednn";
  row.outcome = Outcome::ok;
  row.tflops = tflops;
  row.tflops_low = tflops * 0.93;
  row.tflops_high = tflops * 1.02;
  row.median_us = row.shape.flops() / tflops * 1e-6;
  row.p20_us = *row.median_us / 1.02;
  row.p80_us = *row.median_us / 0.93;
  row.samples = 40;
  row.noise_pct = 0.5;
  return row;
}

ResultSet sample_run(int layers, int batch_sizes) {
  struct Curve {
    const char* provider;
    double slope, peak, sqnr;  ///< TFLOP/s = 1 / (1/(slope·M) + 1/peak)
  };
  constexpr std::array<Curve, 6> curves{{{"bf16", 0.021, 0.165, 300},
                                         {"f32", 0.0148, 0.29, 300},
                                         {"int8-tensor-w-tensor-a", 0.05, 1.18, 31.7},
                                         {"int8-tensor-w-tensor-a-noquant", 0.06, 1.26, 31.7},
                                         {"int8-channel-w-token-a", 0.047, 1.13, 36.9},
                                         {"int8-channel-w-token-a-noquant", 0.059, 1.24, 36.9}}};
  constexpr std::array<std::pair<const char*, Shape>, 4> shapes{
      {{"qkv", {0, 6144, 4096}}, {"o", {0, 4096, 4096}}, {"gate_up", {0, 28672, 4096}}, {"down", {0, 4096, 14336}}}};
  constexpr std::array<std::int64_t, 6> sizes{1, 16, 64, 128, 256, 1024};
  ResultSet run;
  run.context.date = "2025-01-31T12:00:00+01:00";
  run.context.host = "bench-1";
  run.context.command = "qgemm bench --quick";
  run.context.qgemm_version = "0.1.0";
  run.context.device = {DeviceKind::cpu, "Example CPU @ 2.90GHz", {{"isa", std::string("avx512_vnni")}}};
  run.context.limits = {{"int8", 1.459, "TFLOP/s", "vpdpbusd, two threads"}};
  run.context.seed = 42;
  run.context.options = {{"quick", true}};
  for (int l = 0; l < layers; ++l) {
    for (int b = 0; b < batch_sizes; ++b) {
      const auto m = sizes.at(static_cast<std::size_t>(b));
      std::array<double, 6> figures{};
      for (std::size_t c = 0; c < curves.size(); ++c) {
        figures.at(c) = 1 / (1 / (curves.at(c).slope * static_cast<double>(m)) + 1 / curves.at(c).peak);
      }
      for (std::size_t c = 0; c < curves.size(); ++c) {
        Result row = sample_row(curves.at(c).provider, m, figures.at(c));
        row.layer = shapes.at(static_cast<std::size_t>(l)).first;
        row.shape.n = shapes.at(static_cast<std::size_t>(l)).second.n;
        row.shape.k = shapes.at(static_cast<std::size_t>(l)).second.k;
        row.speedup = figures.at(c) / figures[0];
        row.speedup_f32 = figures.at(c) / figures[1];
        row.limit_share = figures.at(c) / (c < 2 ? 0.35 : 1.459);
        row.bound = m < 64 ? Bound::memory : Bound::compute;
        row.sqnr_db = curves.at(c).sqnr;
        run.rows.push_back(row);
      }
    }
  }
  return run;
}

Result full_row() {
  Result row = sample_row("int8-channel-w-token-a", 16, 0.4321);
  row.tp = 2;
  row.kernel = "avx512_vnni_s8s8 \"6x64\", blocked";
  row.cache = CacheState::hot;
  row.outcome = Outcome::noisy;
  row.message = "a, \"quoted\" ‘unicode’ ü 日本\nsecond line\t\\ end";
  row.samples_us = {1.1, 0.1 + 0.2, 1e-300, 3};
  row.samples_mhz = {1400, 1410.5, 0.1 + 0.2, 1380};
  row.clock_exponent = 0.875;
  row.speedup = 7.25;
  row.speedup_f32 = 1.0 / 3.0;
  row.limit_us = 12.5;
  row.limit_share = 0.71;
  row.bound = Bound::cache;
  row.quantize_us = 3.25;
  row.gemm_us = 9.125;
  row.speedup_noise_pct = 0.125;
  row.launch_us = 0.875;
  row.drift_pct = -1.25;
  row.sqnr_db = 36.9;
  row.rel_error = 1e-9;
  row.max_abs_error = 0.0625;
  row.exact = true;
  row.clock_mhz = 2899.5;
  row.power_w = 120.0;
  row.temperature_c = 61.0;
  row.throttle = "power cap";
  row.typical_clock_us = 11.5;
  row.working_set_bytes = 1234567890123;
  row.repro = "qgemm bench --shapes 16x6144x4096 --providers int8-channel-w-token-a";
  return row;
}

}  // namespace qgemm
