#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qgemm {

using Arguments = std::vector<std::string>;

/// A new, empty folder that goes with its owner.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Names of what is in it.
  std::vector<std::string> entries() const;

 private:
  std::filesystem::path path_;
};

/// What a run of the program left behind.
struct Finished {
  int exit_code = -1;  ///< 128 + the signal's number where one ended it.
  std::string out, err;
  double seconds = 0;
  bool timed_out = false;

  /// Lines on stderr.
  std::vector<std::string> complaints() const;
};

/// What surrounds a run. Variables of qgemm and NO_COLOR are never inherited from the tests' own environment, and the
/// history is one of the test process's own unless QGEMM_HISTORY says another: never the user's.
struct Surroundings {
  std::filesystem::path folder;  ///< The child's working directory.
  std::vector<std::pair<std::string, std::string>> environment{};
  std::optional<std::uint64_t> largest_file{};  ///< Bytes (RLIMIT_FSIZE): a disk that is full after them.
  bool stdout_full = false;                     ///< stdout is /dev/full.
};

/// The program, running as a child of the test. Its output is read while the test waits, so keep waiting.
class Program {
 public:
  Program(const Arguments& arguments, const Surroundings& surroundings);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  ///< Kills it where it still runs.

  /// True once `condition` holds; false where the child ended or `seconds` passed before.
  bool wait_until(const std::function<bool()>& condition, double seconds = 60);
  void send(int signal) const;
  /// Waits for its end; kills it after `seconds`.
  Finished finish(double seconds = 120);

 private:
  void pump(int milliseconds);
  bool ended();

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::optional<int> status_;
  double started_ = 0;
  Finished finished_;
};

/// Runs the program to its end.
Finished run_program(const Arguments& arguments, const Surroundings& surroundings);

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace qgemm
