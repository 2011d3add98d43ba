#pragma once
#include <filesystem>

#include "qgemm/results.hpp"

namespace qgemm {

/// `journal.jsonl`: the context as its first line, then one line a finished row, each flushed to the disk, so that a
/// crash, kill -9 or a full disk loses at most the row being measured.
class Journal {
 public:
  /// Starts a new journal (`context` first), or with `resume` goes on behind the last whole line of an existing one.
  /// Throws `Unavailable` where the file cannot be written.
  Journal(const std::filesystem::path& path, const Context& context, bool resume);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  /// Throws `Unavailable` (a full disk) naming the file; the lines before stay whole.
  void append(const Result& row);

 private:
  int fd_ = -1;
  std::filesystem::path path_;
};

}  // namespace qgemm
