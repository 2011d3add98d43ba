#include "testbed/cuda/measure_on_device.hpp"

namespace qgemm::cuda {

Measured measure_to_the_end(Contest& contest, const SweepOptions& options, double launch_us) {
  Measured measured;
  measured.started = GpuLog::Clock::now();
  if (options.timer == "reference") {
    contest.measure_as_reference();
  } else {
    contest.sample();
    if (contest.rounds() > 0) measured.started = contest.begin_of(0);
  }
  contest.leave_unfinished();
  contest.conclude(launch_us);
  measured.lost = contest.lost();
  return measured;
}

Measured measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                          const std::mt19937_64& order, const std::atomic<bool>* stop, cudaStream_t stream) {
  Contest contest(options, order, stop, stream);
  for (PlannedRow* planned : rows) {
    if (contest.going()) contest.enter(*planned, inputs);
  }
  if (options.timer != "reference") contest.warm_up();
  return measure_to_the_end(contest, options, inputs.launch_us);
}

void note_gpu(std::vector<PlannedRow>& rows, const GpuSummary& gpu) {
  for (PlannedRow& planned : rows) {
    Result& row = planned.row;
    if (!row.measured()) continue;
    if (!row.clock_mhz) row.clock_mhz = gpu.sm_mhz;  // the samples' own clock is the better one
    row.power_w = gpu.power_w;
    row.temperature_c = gpu.temperature_c;
    row.throttle = gpu.throttle;
  }
}

}  // namespace qgemm::cuda
