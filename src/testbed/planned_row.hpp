#pragma once
#include <cstdint>

#include "core/case.hpp"
#include "engine/engine.hpp"

namespace qgemm {

/// A case that an engine will run, and the row it becomes.
struct PlannedRow {
  Case c;
  const Engine* engine = nullptr;  ///< Null where none supports the case: the row says why.
  int sets = 1;  ///< Operand sets: calls rotate over them where cold; where hot, each is measured in turn.
  Result row;
};

/// Operand sets that a case rotates over: one when hot; when cold, so many that together they are more than `factor`
/// times the last-level cache (`cache_bytes`), at most 4096. `set_bytes`: of one of them, see `Engine::set_bytes`.
int operand_sets(CacheState cache, std::int64_t set_bytes, std::int64_t cache_bytes, double factor);

/// How many times the cache operands rotate over where the user does not say (`SweepOptions::cold_factor`).
constexpr double default_cold_factor(DeviceKind kind) { return kind == DeviceKind::cpu ? 4 : 2; }

/// A seed for operands that depends on the user's seed, what they are for and their own size alone, so that a row
/// measured by itself multiplies the same numbers.
enum class SeedOf : std::uint8_t { weights, activations, bias, sample, order, proofs };
std::uint64_t operand_seed(std::uint64_t seed, SeedOf purpose, std::int64_t rows, std::int64_t cols);

}  // namespace qgemm
