#include <cstdlib>

#include "core/user_folders.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"

namespace qgemm {

std::filesystem::path history_file() {
  if (const char* own = std::getenv("QGEMM_HISTORY"); own != nullptr && *own != '\0') return own;
  if (const auto folder = user_data_folder(); !folder.empty()) return folder / "history.sqlite";
  throw Unavailable("there is no folder for the history, since HOME is not set: name a file with QGEMM_HISTORY");
}

}  // namespace qgemm
