#include <cstdlib>

#include "qgemm/error.hpp"
#include "qgemm/history.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

fs::path path_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fs::path() : fs::path(value);
}

}  // namespace

fs::path history_file() {
  if (fs::path own = path_of("QGEMM_HISTORY"); !own.empty()) return own;
  // The XDG rules: a relative path there is none.
  if (const fs::path xdg = path_of("XDG_DATA_HOME"); xdg.is_absolute()) return xdg / "qgemm/history.sqlite";
  if (const fs::path home = path_of("HOME"); home.is_absolute()) return home / ".local/share/qgemm/history.sqlite";
  throw Unavailable("there is no folder for the history, since HOME is not set: name a file with QGEMM_HISTORY");
}

}  // namespace qgemm
