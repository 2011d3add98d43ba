#include "testbed/memory_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

namespace qgemm {
namespace {

std::string size_text(std::int64_t bytes) {
  const bool large = bytes >= std::int64_t{1} << 30U;
  const std::string text = std::to_string(static_cast<double>(bytes) / (large ? 1 << 30U : 1 << 20U));
  return text.substr(0, text.find('.') + 2) + (large ? " GiB" : " MiB");
}

std::int64_t row_bytes(const PlannedRow& planned) { return planned.engine->memory_bytes(planned.c.spec, planned.sets); }

bool runs(const PlannedRow& planned) { return planned.engine != nullptr; }

}  // namespace

std::int64_t shared_bytes(const Shape& shape, const std::vector<PlannedRow>& rows) {
  std::set<std::pair<DType, ScaleGranularity>> quantized;  // forms of the weights, one byte an element
  bool integer = false, f32 = false;
  for (const auto& planned : rows) {
    if (!runs(planned)) continue;
    const Scheme& scheme = planned.c.spec.scheme;
    if (scheme.quantized()) quantized.emplace(scheme.weight, scheme.weight_scale);
    integer = integer || scheme.integer();
    f32 = f32 || scheme.activation == DType::f32;
  }
  const std::int64_t original = 2 * shape.n * shape.k, activations = (f32 ? 6 : 2) * shape.m * shape.k;
  const std::int64_t sums = integer ? 4 * shape.m * shape.n : 0;
  return original + static_cast<std::int64_t>(quantized.size()) * shape.n * shape.k + activations + sums;
}

std::int64_t point_bytes(const Shape& shape, const std::vector<PlannedRow>& rows) {
  std::int64_t bytes = shared_bytes(shape, rows);
  for (const auto& planned : rows) {
    if (runs(planned)) bytes += row_bytes(planned) + 4 * shape.m * shape.n;  // the checked output is kept beside D
  }
  return bytes;
}

std::vector<std::vector<PlannedRow*>> group_by_memory(const Shape& shape, std::vector<PlannedRow>& rows,
                                                      std::int64_t budget) {
  const std::int64_t shared = shared_bytes(shape, rows);
  std::vector<std::vector<PlannedRow*>> groups;
  std::int64_t left = 0;
  for (auto& planned : rows) {
    if (!runs(planned)) continue;
    const std::int64_t needed = row_bytes(planned) + 4 * shape.m * shape.n;
    if (shared + needed > budget) {
      planned.row.outcome = Outcome::out_of_memory;
      planned.row.message = "needs about " + size_text(shared + needed) + " of memory where " +
                            size_text(std::max<std::int64_t>(budget, 0)) +
                            " may be used: free some, or choose smaller shapes or a larger TP";
      continue;
    }
    if (groups.empty() || needed > left) {
      groups.emplace_back();
      left = budget - shared;
    }
    groups.back().push_back(&planned);
    left -= needed;
  }
  return groups;
}

}  // namespace qgemm
