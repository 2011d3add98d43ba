#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results/posix_file.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw Unavailable(fmt::format("cannot write {}: {}", path.string(), reason_of(error)));
}

/// A file that is removed again unless it was renamed to where it belongs.
class TemporaryFile {
 public:
  /// In `folder`, so that renaming stays within one file system. Not mkstemp: that would leave the file private (0600).
  TemporaryFile(const fs::path& folder, const fs::path& target) {
    static std::atomic<unsigned> count{0};
    do {
      path_ = folder / fmt::format(".qgemm-{}-{}.tmp", ::getpid(), count++);
      file_ = open_file(path_, O_WRONLY | O_CREAT | O_EXCL);
    } while (!file_.valid() && errno == EEXIST);
    if (!file_.valid()) fail(target, errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int fd() const { return file_.get(); }
  bool rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return false;
    path_.clear();
    return true;
  }

 private:
  fs::path path_;
  FileDescriptor file_;
};

/// Devices and pipes take the text as it comes: renaming over /dev/stdout would replace the device.
void write_through(const fs::path& path, std::string_view text) {
  const auto file = open_file(path, O_WRONLY);
  if (!file.valid()) fail(path, errno);
  if (const int error = write_all(file.get(), text)) fail(path, error);
}

}  // namespace

void write_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) fail(path, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_through(path, text);
  // A link stays a link: what it points to is replaced.
  fs::path target = fs::is_symlink(fs::symlink_status(path, error)) ? fs::weakly_canonical(path, error) : path;
  if (target.empty()) target = path;

  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  TemporaryFile temporary(folder, path);
  if (const int failed = write_all(temporary.fd(), text)) fail(path, failed);
  if (::fsync(temporary.fd()) != 0) fail(path, errno);
  if (!temporary.rename_to(target)) fail(path, errno);
  // The new name has to reach the disk too; where a folder cannot be flushed the file is still whole.
  const auto entry = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (entry.valid()) (void)::fsync(entry.get());
}

}  // namespace qgemm
