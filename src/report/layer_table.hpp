#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// What a provider is compared as.
enum class Family : std::uint8_t { baseline, int8, fp8 };
Family family_of(std::string_view provider);

/// True where a row's time may be shown as one: measured, and its answer right.
bool trusted(const Result& row);

/// One column: a provider, and its engine or cache state where the results hold several for the same point.
struct Column {
  std::string provider;
  std::string engine;  ///< Empty: whichever ran.
  std::string cache;   ///< Empty: the only one.

  bool holds(const Result& row) const;
  /// "int8-tensor-w-tensor-a onednn hot".
  std::string label() const;
  friend bool operator==(const Column&, const Column&) = default;
};

/// The columns that all rows need, hot before cold, else in order of appearance; without an engine that supports
/// nothing of a provider which another engine here does. Throws `InvalidInput` for more than any sweep has: tables of
/// them would fill the memory.
std::vector<Column> columns_of(const std::vector<Result>& rows);

/// All rows of a model × TP × layer: what one table and one plot show.
struct LayerTable {
  std::string model, layer;
  std::int64_t tp = 1, n = 0, k = 0;
  std::vector<Column> columns;
  std::vector<std::int64_t> batch_sizes;  ///< Ascending.
  std::vector<const Result*> rows;
  std::map<std::int64_t, std::vector<const Result*>> rows_of_size;  ///< The same by batch size.

  /// Those that a table shows: all of them, or of more than 64 (a scan's) the powers of two, what comes right after
  /// each of them, where cliffs are likely, and the ends.
  std::vector<std::int64_t> shown_sizes() const;
  /// "240 of 256 sizes …": where `shown_sizes` are not all, else empty.
  std::string hidden_text() const;

  /// The last row of the point in the column, or null.
  const Result* find(std::int64_t m, const Column& column) const;
  /// True where a row of the family is there; with `measured` one that can be shown.
  bool has(Family family, bool measured = false) const;
  /// The reference's title: "{model}, N={N} K={K}, BF16 vs INT8 GEMMs TFLOP/s:", with `tp=T` where T is not 1.
  std::string title() const;
};

/// The tables of a result set, in order of appearance. They point into `results`, which must outlive them.
std::vector<LayerTable> layer_tables(const ResultSet& results);

}  // namespace qgemm
