#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/result.hpp"
#include "results/journal.hpp"

namespace qgemm::cli {

/// Where a sweep's files go. Made before anything is measured, so that a folder that cannot be written is found then.
class OutputFolder {
 public:
  /// `given` empty: a new folder `qgemm-results/<date>-<device>` below the current one. A given folder that holds
  /// results is only taken with `resume`, which goes on with them; in a folder where nothing was finished yet (the
  /// program was killed early) it starts from the beginning. Throws `InvalidInput` for results without `resume`, for
  /// `resume` without a folder that exists, and for files that are no results; `Unavailable` where it cannot be made or
  /// written.
  OutputFolder(const std::string& given, bool resume, const std::string& device_name);

  const std::filesystem::path& path() const { return path_; }
  /// The run to go on with: its context and finished rows; empty without `resume`.
  const std::optional<ResultSet>& earlier() const { return earlier_; }

  void start_journal(const Context& context);
  void append(const Result& row) { journal_->append(row); }
  /// Writes results.json and results.csv.
  void save(const ResultSet& results) const;

 private:
  void read_earlier();

  std::filesystem::path path_;
  std::optional<ResultSet> earlier_;
  std::unique_ptr<Journal> journal_;
};

/// Throws `InvalidInput` naming the first option whose value differs from that of the run to go on with, or the device.
void check_same_sweep(const Context& earlier, const Properties& options, const std::string& device_name);

}  // namespace qgemm::cli
