#include "fuzz_target.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "qgemm/error.hpp"

namespace qgemm::fuzz {
namespace fs = std::filesystem;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "this should hold: %s\n", what);
  std::abort();
}

MemoryFile::MemoryFile() : fd_(::memfd_create("qgemm-fuzz", MFD_CLOEXEC)) {
  if (fd_ < 0) throw std::runtime_error("no file in memory");
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { ::close(fd_); }

void MemoryFile::put(std::string_view text) const {
  expect(::ftruncate(fd_, 0) == 0, "a file in memory can be emptied");
  expect(::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "it takes what is written");
}

std::string MemoryFile::text() const {
  std::string text;
  std::array<char, 65536> part{};
  while (true) {
    const ssize_t got = ::pread(fd_, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

const fs::path& scratch_folder() {
  struct Folder {
    fs::path path = (fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                    ("qgemm-fuzz-" + std::to_string(::getpid()));
    Folder() { fs::create_directories(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

fs::path folder_with(const MemoryFile& file, const std::string& folder, const std::string& name) {
  fs::path path = scratch_folder() / folder;
  fs::create_directories(path);
  fs::create_symlink(file.path(), path / name);
  return path;
}

}  // namespace qgemm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    qgemm::fuzz::run({reinterpret_cast<const char*>(data), size});
  } catch (const qgemm::Error&) {
    // Bad input, told as it should be.
  }
  return 0;
}
