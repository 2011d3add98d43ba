#include "core/user_folders.hpp"

#include <cstdlib>

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// A folder that a variable names; empty where it is not set.
fs::path folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fs::path() : fs::path(value);
}

/// By the XDG rules: a relative path there is none.
fs::path xdg_folder(const char* variable, const char* below_home) {
  if (const fs::path xdg = folder_of(variable); xdg.is_absolute()) return xdg / "qgemm";
  if (const fs::path home = folder_of("HOME"); home.is_absolute()) return home / below_home / "qgemm";
  return {};
}

}  // namespace

fs::path user_cache_folder() {
  if (fs::path own = folder_of("QGEMM_CACHE_DIR"); !own.empty()) return own;
  return xdg_folder("XDG_CACHE_HOME", ".cache");
}

fs::path user_data_folder() { return xdg_folder("XDG_DATA_HOME", ".local/share"); }

std::string file_name_of(const std::string& text, const std::string& otherwise) {
  constexpr std::size_t longest = 100;  // file systems take 255 bytes
  std::string name;
  for (const char c : text.substr(0, longest)) {
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
  return name.empty() ? otherwise : name;
}

}  // namespace qgemm
