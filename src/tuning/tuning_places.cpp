#include "tuning/tuning_places.hpp"

#include <system_error>

#include "catalog/data_folder.hpp"
#include "core/user_folders.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

void merge_if_there(TuningTable& table, const fs::path& file, const std::string& origin) {
  std::error_code error;
  if (!file.empty() && fs::exists(file, error)) table.merge(TuningTable::load(file, table.gpu(), origin));
}

}  // namespace

std::string tuning_file_name(const std::string& gpu) { return file_name_of(gpu, "gpu") + ".json"; }

fs::path shipped_tuning_file(const std::string& gpu) {
  const fs::path folder = find_data_folder("tuning");
  return folder.empty() ? fs::path() : folder / tuning_file_name(gpu);
}

fs::path user_tuning_file(const std::string& gpu) {
  const fs::path folder = user_cache_folder();
  return folder.empty() ? fs::path() : folder / "tuning" / tuning_file_name(gpu);
}

TuningTable load_tuning(const std::string& gpu) {
  TuningTable table(gpu);
  merge_if_there(table, shipped_tuning_file(gpu), "from the shipped tuning table");
  merge_if_there(table, user_tuning_file(gpu), "from this user's tuning table");
  return table;
}

}  // namespace qgemm
