// What the harness adds to a call it times: the smallest default point, timed by the sweep's own timer and by a bare
// loop around the same prepared product, in turn. Goal: < 1 %.
#include <cmath>
#include <cstdio>
#include <memory>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "engines/engine_list.hpp"
#include "interleaved.hpp"
#include "operands/random_operands.hpp"
#include "quantize/activations.hpp"
#include "testbed/planned_row.hpp"
#include "timing/cpu_timer.hpp"

int main() {
  using namespace qgemm;
  std::printf("threads: %d\n", pin_thread_team(0));
  const auto engines = make_engines();
  const HostEngine& engine = *engines.front();
  std::printf("%-32s %12s %12s %10s\n", "M=1 N=4096 K=4096", "timer us", "bare us", "overhead");
  for (const char* provider :
       {"bf16", "int8-tensor-w-tensor-a", "int8-channel-w-token-a", "int8-channel-w-token-a-noquant"}) {
    const GemmSpec spec{{1, 4096, 4096}, parse_provider(provider), false};
    if (!engine.supports(spec).ok) continue;
    const Matrix a = random_activations(1, 4096, DataKind::normal, 1);
    Operands operands;
    operands.weights =
        std::make_shared<LayerWeights>(random_weights(4096, 4096, DataKind::normal, 2), ScaleSource::absmax);
    operands.activations = a.view();
    if (needs_static_scale(spec.scheme)) operands.static_scale = calibrate(spec.scheme, a.view(), ScaleSource::absmax);
    operands.weight_sets = operand_sets(CacheState::cold, engine.set_bytes(spec), total_last_level_bytes(),
                                        default_cold_factor(DeviceKind::cpu));
    const auto gemm = engine.prepare(spec, operands);
    CpuTimer timer([&](int set) { gemm->launch(set); }, operands.weight_sets, false, 500e-6);
    // The timer's sample goes by its own clock; the bare loop makes as many calls as one sample and divides.
    std::vector<double> timed, bare, ratio;
    int set = 0;
    for (int round = 0; round < 1500; ++round) {
      const double inside = timer.sample().us;
      const double before = now_seconds();
      gemm->launch(set = (set + 1) % operands.weight_sets);
      const double outside = (now_seconds() - before) * 1e6;
      timed.push_back(inside), bare.push_back(outside), ratio.push_back(inside / outside);
    }
    std::printf("%-32s %12.2f %12.2f %9.2f%%\n", provider, bench::median(timed), bench::median(bare),
                100 * (bench::median(ratio) - 1));
  }
  // The harness itself, without a product: what a sample of an empty call costs.
  CpuTimer empty([](int) {}, 4, false, 500e-6);
  std::vector<double> costs;
  for (int round = 0; round < 10000; ++round) costs.push_back(empty.sample().us);
  std::printf("a sample of an empty call: %.3f us\n", bench::median(costs));
}
