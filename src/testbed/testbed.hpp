#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "qgemm/result.hpp"
#include "qgemm/sweep.hpp"
#include "testbed/planned_row.hpp"

namespace qgemm {

/// The device that a sweep measures on, with the engines that run there: all that differs between a CPU and a GPU.
class Testbed {
 public:
  virtual ~Testbed() = default;

  virtual DeviceKind kind() const = 0;
  /// Names and defaults for planning.
  virtual PlanDevice plan_device() const = 0;
  /// All that can run here, best first: `auto` takes the first that supports a case.
  virtual std::vector<const Engine*> engines() const = 0;
  /// Somebody else's products as an engine of this device. Throws `InvalidInput` for a name that rows cannot have.
  virtual std::unique_ptr<Engine> host(std::shared_ptr<const ExternalEngine> external) const = 0;
  virtual DeviceInfo describe() const = 0;
  /// Measures the device's peaks (a second or two).
  virtual std::vector<Limit> limits() const = 0;

  /// Whether they are to be measured after the rows: where measuring them changes how fast the device is.
  virtual bool limits_last() const { return false; }

  /// What rotation has to exceed for a call to be cold, and what has to fit for a row to be bound by the cache.
  virtual std::int64_t cache_bytes() const = 0;
  /// How many operand sets of so many bytes a hot case is measured on, one after the other.
  virtual int hot_sets(std::int64_t /*set_bytes*/) const { return 1; }
  /// Bytes of the device's memory the sweep may use now.
  virtual std::int64_t memory_budget() const = 0;
  /// Seconds a row takes by rule of thumb, before anything was measured: preparing, checking, warming up, sampling.
  virtual double row_seconds(const GemmSpec& spec, const Engine& engine) const = 0;

  /// What these schemes multiply at `point`, each distinct form once: the rows that `row_sample` chooses of the very
  /// matrices that the point multiplies, quantized with the scales of the whole. The weights stay for the point
  /// measured next. Empty where memory lacks or the device fails, which the point will tell.
  virtual std::vector<OperandFacts> operands(const Point& point, const std::vector<Scheme>& schemes) = 0;

  /// Measures the rows of one point, interleaved, each result checked; those that do not fit into memory together are
  /// measured in groups. Fills all that measuring finds. Rows that `stop` left without a result stay `skipped`. A
  /// device may fill in what a first visit told, and keep the rows prepared: `refine` samples them on then.
  virtual void measure(const Point& point, std::vector<PlannedRow>& rows, const std::atomic<bool>* stop) = 0;

  /// Rows that were filled in and are sampled on yet.
  virtual std::int64_t open_rows() const { return 0; }
  /// Samples the open rows for about `seconds`, visiting their points in turn, and ends with those that are known, out
  /// of time or stopped. Returns about how many seconds are left; 0 where no row is open any more.
  virtual double refine(double /*seconds*/, const std::atomic<bool>* /*stop*/) { return 0; }
  /// The rows that `measure` or `refine` ended with since the last call, point by point, filled in anew.
  virtual std::vector<PlannedRow> take_refined() { return {}; }
};

}  // namespace qgemm
