#include "cli/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "report/printable.hpp"

namespace qgemm::cli {
namespace {

constexpr int bar_width = 30;
/// Elsewhere than on a terminal (a log file, CI) a line this often is enough to see that it lives.
constexpr double seconds_between_lines = 10;

bool can_redraw() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace

Progress::Progress(bool quiet, const char* unit) : unit_(unit), quiet_(quiet), terminal_(can_redraw()) {}

Progress::~Progress() { finish(); }

void Progress::note(const std::string& line) {
  if (quiet_) return;
  finish();
  fmt::print(stderr, "{}\n", printable(line));  // may quote the results that --resume goes on with
  std::fflush(stderr);
}

void Progress::update(std::int64_t done, std::int64_t all, double seconds_left) {
  if (quiet_ || all == 0) return;
  const std::string figures = fmt::format("{} of {} {}, about {} left", done, all, unit_, duration_text(seconds_left));
  if (terminal_) {
    const auto filled = static_cast<int>(done * bar_width / all);
    fmt::print(stderr, "\r\x1b[K[{}{}] {}", std::string(static_cast<std::size_t>(filled), '#'),
               std::string(static_cast<std::size_t>(bar_width - filled), '.'), figures);
    drawn_ = true;
  } else {
    const double now = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (now - last_line_ < seconds_between_lines && done < all) return;
    last_line_ = now;
    fmt::print(stderr, "{}\n", figures);
  }
  std::fflush(stderr);
}

void Progress::finish() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
  std::fflush(stderr);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string bytes_text(std::int64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (bytes < (std::int64_t{1} << 20U)) return fmt::format("{:.0f} KiB", size / 1024);
  if (bytes < (std::int64_t{1} << 30U)) return fmt::format("{:.0f} MiB", size / (1 << 20U));
  return fmt::format("{:.1f} GiB", size / (1 << 30U));
}

}  // namespace qgemm::cli
