#pragma once
#include <cstdint>
#include <string>

namespace qgemm::cli {

/// How far a sweep, or what else goes on for long, is, on stderr: a bar with the time left on a terminal, a line now
/// and then elsewhere, nothing when quiet.
class Progress {
 public:
  explicit Progress(bool quiet, const char* unit = "rows");
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  ///< Leaves the terminal on a fresh line.

  void note(const std::string& line);
  void update(std::int64_t done, std::int64_t all, double seconds_left);
  void finish();

 private:
  const char* unit_;
  bool quiet_, terminal_, drawn_ = false;
  double last_line_ = -1e9;
};

/// "8 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);

/// "512 MiB", "3.4 GiB".
std::string bytes_text(std::int64_t bytes);

}  // namespace qgemm::cli
