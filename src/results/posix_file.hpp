#pragma once
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace qgemm {

/// An open file descriptor, closed when it goes.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// open(2) that goes on after a signal; invalid, with errno set, where it fails.
FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode = 0666);

/// Writes all of `text`, however many calls it takes. Returns 0 or the errno of the call that failed.
int write_all(int fd, std::string_view text);

/// The whole text of a file or pipe. Throws `InvalidInput` where it cannot be read or is larger than any result.
std::string read_file(const std::filesystem::path& path);

/// The system's words for an errno, thread-safe.
std::string reason_of(int error);

}  // namespace qgemm
