#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace qgemm {

/// Where a clock frequency comes from. The kernel's own figure is used where it is a measurement; a virtual machine's
/// /proc/cpuinfo repeats one nominal number for ever, so there a chain of dependent additions is timed instead.
enum class ClockSource : unsigned char { unknown, cpufreq, cpuinfo, timed };
std::string_view name(ClockSource source);

/// Decided once for this machine.
ClockSource clock_source();

/// The mean clock of these logical CPUs now, MHz. `timed` gives the calling thread's, in some 100 µs, and must be asked
/// right after the work it is to describe: clocks fall again within milliseconds.
std::optional<double> clock_mhz(const std::vector<int>& cpus);

/// The advertised frequency: cpufreq's base, else /proc/cpuinfo's where that is fixed.
std::optional<double> nominal_mhz();

}  // namespace qgemm
