#include "results/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "qgemm/error.hpp"
#include "results/journal_text.hpp"

namespace qgemm {

Journal::Journal(const std::filesystem::path& path, const Context& context, bool resume) : path_(path) {
  const auto fail = [&](int error) {
    throw Unavailable(fmt::format("cannot write {}: {}", path_.string(), reason_of(error)));
  };
  file_ = open_file(path_, O_WRONLY | O_APPEND | O_CREAT | (resume ? 0 : O_EXCL));
  if (!file_.valid() && errno == EEXIST) {
    throw InvalidInput(path_.string() + " exists: --resume goes on with it, or give another --out");
  }
  if (!file_.valid()) fail(errno);
  // Two writers would interleave their sweeps. File systems without locks (some network ones) go without the check.
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Unavailable(path_.string() + " is being written by another qgemm: wait for it, or give another --out");
  }
  bool has_context = false;
  if (resume) {
    const auto journal = parse_journal(read_file(path_), path_.string());
    has_context = journal.has_context;
    size_ = static_cast<std::int64_t>(journal.whole_bytes);
    if (::ftruncate(file_.get(), size_) != 0) fail(errno);
  }
  if (!has_context) write_line(journal_line(context));
}

void Journal::append(const Result& row) { write_line(journal_line(row)); }

void Journal::write_line(std::string_view line) {
  int error = write_all(file_.get(), line);
  if (error == 0 && ::fdatasync(file_.get()) != 0) error = errno;
  if (error != 0) {
    // What was written of the line goes again, so that the file ends with a whole one. Where even that fails, readers
    // leave the rest of a line out.
    const bool whole = ::ftruncate(file_.get(), size_) == 0;
    throw Unavailable(fmt::format("cannot write {}: {}; the rows measured before are kept{}, go on with --resume",
                                  path_.string(), reason_of(error), whole ? "" : " (the last line is cut off)"));
  }
  size_ += static_cast<std::int64_t>(line.size());
}

}  // namespace qgemm
