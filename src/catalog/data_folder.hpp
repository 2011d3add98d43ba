#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace qgemm {

/// Where the folder `name` ("models", "tuning") of the data that qgemm ships may be, in the order to look:
/// `QGEMM_DATA_DIR/name` alone where that variable is set, else `../share/qgemm/name` beside the running program, the
/// source tree's `data/name` and the installed one.
std::vector<std::filesystem::path> data_places(const std::string& name);

/// The first of these places that is a folder; empty where none is.
std::filesystem::path find_data_folder(const std::string& name);

}  // namespace qgemm
