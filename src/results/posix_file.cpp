#include "results/posix_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// Far past any sweep (a row with 10,000 samples takes 0.2 MB); keeps /dev/zero from taking all memory.
constexpr std::size_t max_file_bytes = std::size_t{1} << 30U;

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return FileDescriptor(fd);
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::string read_file(const std::filesystem::path& path) {
  const auto file = open_file(path, O_RDONLY);
  if (!file.valid()) throw InvalidInput(fmt::format("cannot read {}: {}", path.string(), reason_of(errno)));
  std::string text;
  std::array<char, 65536> chunk{};
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InvalidInput(fmt::format("cannot read {}: {}", path.string(), reason_of(errno)));
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > max_file_bytes) {
      throw InvalidInput(
          fmt::format("{} is no qgemm result: it holds more than {} MiB", path.string(), max_file_bytes >> 20U));
    }
  }
}

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace qgemm
