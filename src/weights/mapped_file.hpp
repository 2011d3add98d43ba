#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace qgemm {

/// A whole file mapped into memory, read-only; unmapped when it goes.
class MappedFile {
 public:
  /// Throws `InvalidInput` naming the file where it cannot be opened or is no regular file (or a link to one),
  /// `OutOfMemory` where the system does not map it.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace qgemm
