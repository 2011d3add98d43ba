#pragma once
#include <cstdint>
#include <filesystem>

#include "qgemm/results.hpp"
#include "results/posix_file.hpp"

namespace qgemm {

/// `journal.jsonl`: the context as its first line, then one line a finished row, each flushed to the disk, so that a
/// crash, kill -9 or a full disk loses at most the row being measured.
class Journal {
 public:
  /// Starts a new journal (`context` first), or with `resume` goes on behind the last whole line of an existing one
  /// (whose own context stays; a file that is missing or holds no whole line is started anew). Throws `Unavailable`
  /// where the file cannot be written or another process writes it, `InvalidInput` where it exists and `resume` is
  /// false, or where it is no journal.
  Journal(const std::filesystem::path& path, const Context& context, bool resume);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() = default;

  /// Throws `Unavailable` (a full disk) naming the file; the lines before stay whole.
  void append(const Result& row);

 private:
  void write_line(std::string_view line);

  std::filesystem::path path_;
  FileDescriptor file_;
  std::int64_t size_ = 0;  ///< Bytes of whole lines.
};

}  // namespace qgemm
