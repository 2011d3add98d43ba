#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "qgemm/dtype.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"
#include "tuning/tuned_choice.hpp"

namespace qgemm {

/// The schema number that is written and the newest that is read.
inline constexpr int tuning_schema = 2;

/// The fastest kernels that were found on one GPU model, by what is multiplied and from where: operands of `input` (s8
/// or e4m3), the shape as a user names it, before any padding, and the cache state. Plain data: not thread-safe while
/// it changes.
class TuningTable {
 public:
  /// `gpu`: the name its driver gives it, "NVIDIA H100 80GB HBM3".
  explicit TuningTable(std::string gpu) : gpu_(std::move(gpu)) {}

  /// Reads a file that `save` wrote, of the same GPU; every choice gets `origin`. What schema 1 names, which knew no
  /// cache state, counts for both. Throws `InvalidInput` naming the
  /// file, what is wrong and the remedy for what is no table, of a later schema, another GPU, or damaged.
  static TuningTable load(const std::filesystem::path& path, const std::string& gpu, const std::string& origin);

  const std::string& gpu() const { return gpu_; }
  std::size_t size() const { return choices_.size(); }

  /// What was found for exactly this product in this cache state.
  std::optional<TunedChoice> find(DType input, const Shape& shape, CacheState cache) const;
  /// Adds a choice, or replaces the one that was there. Throws `InvalidInput` for what a file could not hold: another
  /// input, an empty shape, no kernel, a time that is not positive.
  void add(DType input, const Shape& shape, CacheState cache, TunedChoice choice);
  /// Takes all of `later`: where both have a choice, `later`'s wins. Throws `InvalidInput` for another GPU's table.
  void merge(const TuningTable& later);

  /// Writes it as a file whole or not at all, an entry a line, sorted by type, N, K, M and cache state, hot before
  /// cold: two saves of the same choices are the same bytes. Throws `Unavailable` naming the file and the system's
  /// reason.
  void save(const std::filesystem::path& path) const;

 private:
  /// Input, N, K, M, cache state: a layer's batch sizes are neighbours in the file.
  using Key = std::tuple<DType, std::int64_t, std::int64_t, std::int64_t, CacheState>;
  static Key key(DType input, const Shape& shape, CacheState cache) {
    return {input, shape.n, shape.k, shape.m, cache};
  }

  std::string gpu_;
  std::map<Key, TunedChoice> choices_;
};

}  // namespace qgemm
