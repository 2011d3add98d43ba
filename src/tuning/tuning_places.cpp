#include "tuning/tuning_places.hpp"

#include <cstdlib>
#include <system_error>

#include "catalog/data_folder.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// A folder that a variable names; empty where it is not set.
fs::path folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fs::path() : fs::path(value);
}

fs::path cache_folder() {
  if (fs::path own = folder_of("QGEMM_CACHE_DIR"); !own.empty()) return own;
  // The XDG rules: a relative path there is none.
  if (const fs::path xdg = folder_of("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "qgemm";
  if (const fs::path home = folder_of("HOME"); home.is_absolute()) return home / ".cache" / "qgemm";
  return {};
}

void merge_if_there(TuningTable& table, const fs::path& file, const std::string& origin) {
  std::error_code error;
  if (!file.empty() && fs::exists(file, error)) table.merge(TuningTable::load(file, table.gpu(), origin));
}

}  // namespace

std::string tuning_file_name(const std::string& gpu) {
  constexpr std::size_t longest = 100;  // file systems take 255 bytes
  std::string name;
  for (const char c : gpu.substr(0, longest)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (letter) {
      name += static_cast<char>(c | 0x20);  // lower case, whatever the locale
    } else if (digit) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (!name.empty() && name.back() == '-') name.pop_back();
  return (name.empty() ? "gpu" : name) + ".json";
}

fs::path shipped_tuning_file(const std::string& gpu) {
  const fs::path folder = find_data_folder("tuning");
  return folder.empty() ? fs::path() : folder / tuning_file_name(gpu);
}

fs::path user_tuning_file(const std::string& gpu) {
  const fs::path folder = cache_folder();
  return folder.empty() ? fs::path() : folder / "tuning" / tuning_file_name(gpu);
}

TuningTable load_tuning(const std::string& gpu) {
  TuningTable table(gpu);
  merge_if_there(table, shipped_tuning_file(gpu), "from the shipped tuning table");
  merge_if_there(table, user_tuning_file(gpu), "from this user's tuning table");
  return table;
}

}  // namespace qgemm
