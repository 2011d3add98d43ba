#pragma once
#include <cstdint>
#include <string>

#include "core/case.hpp"
#include "engine/engine.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {

/// Copies of the packed weights that a case rotates over: one when hot; when cold, so many that together they are more
/// than twice the last-level cache (`cache_bytes`), at most 4096.
int weight_sets(CacheState cache, std::int64_t packed_bytes, std::int64_t cache_bytes);

/// Seconds of one call by rule of thumb (what a core of a current server CPU reaches in this engine), before anything
/// was measured: for plans and the first guess of the time left.
double estimated_call_seconds(const GemmSpec& spec, const std::string& engine, int threads);

/// Seconds a row takes: preparing and checking it, warming up, sampling.
double estimated_row_seconds(const GemmSpec& spec, const std::string& engine, int threads, const SweepOptions& options);

/// The command that measures the row of `c`, run by `engine`, alone.
std::string repro_command(const Case& c, const std::string& engine, const SweepOptions& options);

}  // namespace qgemm
