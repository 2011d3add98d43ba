#pragma once
#include <filesystem>
#include <string>

#include "tuning/tuning_table.hpp"

namespace qgemm {

/// The name of a GPU's file ("nvidia-h100-80gb-hbm3.json").
std::string tuning_file_name(const std::string& gpu);

/// The table that qgemm ships for this GPU: a file of the data's folder `tuning` (`data_places`), whether it exists or
/// not; empty where there is no such folder.
std::filesystem::path shipped_tuning_file(const std::string& gpu);

/// The table that this user's `qgemm tune` writes for this GPU, in the folder `tuning` of `user_cache_folder`,
/// whether it exists or not; empty where there is none.
std::filesystem::path user_tuning_file(const std::string& gpu);

/// What is known of this GPU: the shipped table, then this user's, which wins; empty where neither exists. Throws
/// `InvalidInput` for a file that exists and cannot be used (see `TuningTable::load`).
TuningTable load_tuning(const std::string& gpu);

}  // namespace qgemm
