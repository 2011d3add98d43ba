#include "testbed/cuda/held_point.hpp"

#include "testbed/cuda/measure_on_device.hpp"
#include "testbed/stored_operands.hpp"

namespace qgemm::cuda {

void HeldPoint::note(const GpuSummary& gpu) {
  note_gpu(rows, gpu);
  std::vector<PlannedRow*> noted;
  for (PlannedRow& planned : rows) noted.push_back(&planned);
  if (!noted.empty()) note_repeated_tokens(noted, tokens, noted.front()->row.shape.m);
}

}  // namespace qgemm::cuda
