#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace qgemm::fuzz {

/// What a target does with one input, the bytes of a file that nobody vouches for. Each target defines it. It may throw
/// `qgemm::Error`, which is how bad input is told; whatever else leaves it is a finding.
void run(std::string_view input);

/// Ends the process, which every driver takes for a finding, where `holds` is false. `what` says what should hold.
void expect(bool holds, const char* what);

/// A file in memory, for what is read by path only.
class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  void put(std::string_view text) const;
  std::string text() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  int fd_ = -1;
  std::filesystem::path path_;
};

/// A folder in memory where there is one, gone with the process.
const std::filesystem::path& scratch_folder();
/// A new folder `folder` in it, in which `file` is called `name`.
std::filesystem::path folder_with(const MemoryFile& file, const std::string& folder, const std::string& name);

}  // namespace qgemm::fuzz
