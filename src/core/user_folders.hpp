#pragma once
#include <filesystem>
#include <string>

namespace qgemm {

/// Where this user's machine keeps what can be measured again: `QGEMM_CACHE_DIR`, else `$XDG_CACHE_HOME/qgemm`, else
/// `~/.cache/qgemm`; whether it exists or not. Empty where no variable tells of a folder: without a HOME, say.
std::filesystem::path user_cache_folder();

/// Where this user's machine keeps what cannot: `$XDG_DATA_HOME/qgemm`, else `~/.local/share/qgemm`; whether it exists
/// or not. Empty where no variable tells of a folder.
std::filesystem::path user_data_folder();

/// A file's name for a device or the like: letters and digits in lower case, a dash for whatever is between them, at
/// most the first 100 bytes; `otherwise` where nothing is left.
std::string file_name_of(const std::string& text, const std::string& otherwise);

}  // namespace qgemm
