#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/report.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// The schema number that `History` writes and the newest that it reads; older stores are brought up to it.
inline constexpr int history_schema = 2;

/// Where this user's runs are kept: `$QGEMM_HISTORY`, else `$XDG_DATA_HOME/qgemm/history.sqlite`, else
/// `~/.local/share/qgemm/history.sqlite`; whether it exists or not. Throws `Unavailable` where no variable tells of a
/// folder.
std::filesystem::path history_file();

/// What a list tells of a recorded run.
struct HistoryRun {
  std::int64_t id = 0;
  std::int64_t time = 0;  ///< When it was measured, seconds since 1970 (UTC).
  std::string date;       ///< The same as its results say it.
  std::string host, device, command, qgemm_version, git_revision;
  std::string folder;               ///< Of its files, absolute; empty where not known.
  std::vector<std::string> models;  ///< In the order of its rows.
  std::int64_t rows = 0;
  std::int64_t measured = 0;  ///< Rows `ok` or `noisy`.
  std::int64_t bad = 0;       ///< Rows `incorrect` or `failed`.
};

/// Which runs to remove: those that fulfil every condition given. With none given none is removed.
struct HistoryPrune {
  std::optional<std::int64_t> keep_last{};  ///< Not among the last so many, at least 0.
  std::optional<double> older_than_days{};  ///< Measured longer ago than that, at least 0.
  std::optional<std::int64_t> now{};        ///< Seconds since 1970 (UTC) that ages are counted from; this moment.
  bool dry_run = false;                     ///< Only tell which.
};

/// Which rows to follow over time. Each list takes what is in it, empty all. Texts are whole names, `*` patterns, or a
/// part of a model's or device's name; case matters in patterns only.
struct TrendFilter {
  std::vector<std::string> models{}, layers{}, providers{}, engines{}, devices{};
  std::vector<CacheState> cache{};
  std::vector<std::int64_t> tp_sizes{}, batch_sizes{};
  std::vector<Shape> shapes{};
  std::int64_t last_runs = 0;  ///< Only of the last so many runs; 0: all.
};

/// A row in one of the runs.
struct TrendPoint {
  std::int64_t run = 0, time = 0;  ///< As in `HistoryRun`.
  std::string date, qgemm_version, git_revision;
  Result row;
};

/// One case over time. Runs on another device, or with other options that change what is timed (`--output`, `--bias`,
/// `--timer`, `--data`, `--scales`), are another trend.
struct Trend {
  std::string device;
  std::string settings;            ///< Those options, "output=bf16 bias=false …"; empty where they are not known.
  std::vector<TrendPoint> points;  ///< The oldest first; never empty.
};

/// What becomes of a store that is missing: it has no runs and takes none, or is made, with its folder.
enum class HistoryAccess : std::uint8_t { existing, create };

/// The store of past runs: an SQLite database. Any number of processes may read and write it at once; what is written
/// is there whole or not at all, whenever the process ends.
class History {
 public:
  /// Opens the store, for reading and, where the system lets it, for writing. Brings one of an older schema up to date.
  /// Throws `InvalidInput` for a file that is no store of runs, is damaged or of a later schema; `Unavailable` where it
  /// cannot be opened or made, or qgemm was built without SQLite. Every other member throws as this one does.
  History(const std::filesystem::path& file, HistoryAccess access);
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  const std::filesystem::path& file() const;
  /// Of the file, with what was written last; 0 where it is missing.
  std::int64_t bytes() const;

  /// Adds a run and returns its number, which no other run ever gets. `folder` is where its files are; the run of the
  /// same host and date from the same folder, which `--resume` went on with, is replaced and keeps its number.
  std::int64_t add(const ResultSet& results, const std::filesystem::path& folder = {});

  /// The oldest first. A run measured at the same time as another comes in the order added.
  std::vector<HistoryRun> runs() const;

  /// A run as it was added: `to_json` of both is the same. Throws `InvalidInput` where there is no such run.
  ResultSet load(std::int64_t id) const;

  /// In the order of models, layers, tensor-parallel and batch sizes, providers.
  std::vector<Trend> trends(const TrendFilter& filter) const;

  /// Removes runs and gives their space back to the file system. Returns those removed, or with `dry_run` to be
  /// removed. Throws `InvalidInput` for a condition below 0.
  std::vector<HistoryRun> prune(const HistoryPrune& prune);

 private:
  struct Store;
  std::unique_ptr<Store> store_;
};

/// A line a run. ANSI colours with `colour`.
std::string render_history(const std::vector<HistoryRun>& runs, bool colour = false);
/// {"schema": 2, "runs": [{…}, …]}, the fields by the names of `HistoryRun`.
std::string history_to_json(const std::vector<HistoryRun>& runs);

/// A table a trend: a line a run, with the change of its time against the measured run before.
std::string render_trends(const std::vector<Trend>& trends, bool colour = false);
/// A line a run, all trends in one table: run, device, settings, date, version, revision, then the columns of `to_csv`.
std::string trends_to_csv(const std::vector<Trend>& trends);

/// TFLOP/s over time, a line a trend, written to `file`. Throws `InvalidInput` where nothing was measured or there are
/// more trends than a plot can show, `Unavailable` where gnuplot is missing or fails.
void write_trend_plot(const std::vector<Trend>& trends, const std::filesystem::path& file,
                      PlotFormat format = PlotFormat::png);

}  // namespace qgemm
