#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "qgemm/shape.hpp"

namespace qgemm {

/// What became of a case. `noisy` was measured and right, with a wider spread than asked for.
enum class Outcome : std::uint8_t { ok, noisy, unsupported, incorrect, failed, out_of_memory, skipped };
/// Whether the weights were in the cache (same buffers every call) or rotated past it.
enum class CacheState : std::uint8_t { hot, cold };
/// Which physical limit binds a point.
enum class Bound : std::uint8_t { compute, memory, cache };

std::string_view name(Outcome outcome);
std::string_view name(CacheState state);
std::string_view name(Bound bound);
Outcome parse_outcome(std::string_view text);         ///< Throws `InvalidInput`.
CacheState parse_cache_state(std::string_view text);  ///< Throws `InvalidInput`.
Bound parse_bound(std::string_view text);             ///< Throws `InvalidInput`.

/// One case measured: a row of every table and file. Times are microseconds of one call; what is unknown is empty.
struct Result {
  std::string model, layer;
  std::int64_t tp = 1;
  Shape shape;
  std::string provider, engine;
  std::string kernel;  ///< The implementation that ran, as its library names it.
  CacheState cache = CacheState::cold;
  Outcome outcome = Outcome::skipped;
  std::string message;  ///< Why, in one sentence; empty where there is nothing to say.

  std::optional<double> median_us, p20_us, p80_us;
  std::int64_t samples = 0;
  std::optional<double> noise_pct;  ///< Half the 95 % confidence interval of the median, in percent of it.
  std::vector<double> samples_us;   ///< Raw, in the order taken, once the device was steady.
  /// Of a row sampled at a GPU's power limit, which moves its clock: the clock of each sample, and how the time follows
  /// it, ∝ clock^−`clock_exponent`. Noise and drift are then of the samples at one clock, `clock_mhz`, which
  /// `samples_at_clock` gives: what the clock did is not in them. Empty elsewhere.
  std::vector<double> samples_mhz;
  std::optional<double> clock_exponent;
  /// Change of the time from the first third of the samples to the last, in percent; empty where no trend is certain.
  std::optional<double> drift_pct;

  std::optional<double> tflops, tflops_low, tflops_high;  ///< 2·M·N·K / median, p80, p20 time · 1e-12.
  std::optional<double> speedup, speedup_f32;             ///< bf16 (f32) median of the same point ÷ this one's.
  /// Half the 95 % confidence interval of the speedup, in percent of it, from the ratios of the rounds in which both
  /// were sampled: what moved both alike, the clock above all, is not in it.
  std::optional<double> speedup_noise_pct;
  std::optional<double> limit_us, limit_share;  ///< Physical limit, and limit_us / median_us.
  std::optional<Bound> bound;
  /// The split, where the provider quantizes inside the call: each part timed by itself, as a call of its own. What
  /// lies between two kernels (their start, the wake of the first) is in each part once: `launch_us`, the time of a
  /// call that does nothing. Where one kernel does both, the parts are what two would take.
  std::optional<double> quantize_us, gemm_us, launch_us;

  std::optional<double> sqnr_db, rel_error, max_abs_error;  ///< Against the unquantized product in float64.
  std::optional<bool> exact;  ///< Integer sums matched the reference bit for bit; empty for float providers.

  std::optional<double> clock_mhz, power_w, temperature_c;
  std::optional<std::string> throttle;
  /// What the row would take at the run's typical clock, where its own was more than 3 % lower; see `mark_clocks`.
  std::optional<double> typical_clock_us;
  std::int64_t working_set_bytes = 0;  ///< Of the weights over all rotated sets: compare with the device's cache.
  std::string repro;                   ///< A command that measures this row alone.

  bool measured() const { return median_us.has_value(); }
};

/// The samples of a row, those of a GPU at its power limit as they would have been at `clock_mhz`.
std::vector<double> samples_at_clock(const Result& row);

/// True where both describe the same case (model, layer, tp, shape, provider, engine, cache), measured or not.
bool same_case(const Result& a, const Result& b);

/// A free-form property of a device or an option: null, bool, integer, number, text or list.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<std::string>>;
/// Ordered name → value.
using Properties = std::vector<std::pair<std::string, Value>>;

enum class DeviceKind : std::uint8_t { cpu, cuda };
std::string_view name(DeviceKind kind);
DeviceKind parse_device_kind(std::string_view text);  ///< Throws `InvalidInput`.

/// What a reader needs to judge the numbers: ISA, cores, caches, memory, library versions, threads used.
struct DeviceInfo {
  DeviceKind kind = DeviceKind::cpu;
  std::string name;
  Properties properties;
};

/// A measured peak of the device: `int8`, `bf16`, `f32` (TFLOP/s), `memory_read`, `memory_copy`, `l2_read`, … (GB/s;
/// copy counts bytes read plus bytes written). `method` says how it was measured, in a few words.
struct Limit {
  std::string name;
  double value = 0;
  std::string unit;
  std::string method;
};

/// What was multiplied, in one form of it: of a sample of rows as the product gets them.
struct OperandFacts {
  std::string of;           ///< "activations" or "weights".
  std::string type;         ///< "int8", "e4m3", "bf16", "f32".
  std::string granularity;  ///< Whose scale, in a provider's words: "none", "tensor", "token-azp", "channel", …
  std::string data;         ///< What they were drawn from, see `SweepOptions::data`.
  double absmax = 0;        ///< Of the codes as numbers: 127 of an int8 that uses its whole range.
  double zeros_pct = 0;     ///< Share of elements that are exactly zero.
  /// Shannon's, −Σ p·log₂ p, of the histogram of the codes, 256 bins: of 8-bit types the codes themselves, of floats
  /// their upper byte (the sign and most of the exponent).
  double entropy_bits = 0;
  std::int64_t elements = 0;  ///< Looked at.
};

/// What a whole run shares.
struct Context {
  std::string date;  ///< ISO 8601 with zone.
  std::string host, command, qgemm_version, git_revision;
  DeviceInfo device;
  std::vector<Limit> limits;
  std::string limits_date;  ///< When they were measured, ISO 8601: by this run, or kept from an earlier one.
  std::uint64_t seed = 0;
  /// What the first layer multiplies, each distinct form once; empty where it was not looked at (older files).
  std::vector<OperandFacts> operands;
  Properties options;  ///< The full set of options that ran, by their flags' names without dashes.

  const Limit* find_limit(std::string_view name) const;  ///< Null where it was not measured.
};

/// A whole run: what `results.json` holds.
struct ResultSet {
  Context context;
  std::vector<Result> rows;
};

}  // namespace qgemm
