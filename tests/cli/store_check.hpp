#pragma once
#include <filesystem>

namespace qgemm {

/// The history's file, where there is one, passes SQLite's own check of every page, index and reference. Fails the test
/// otherwise; without SQLite it looks at nothing.
void expect_sound(const std::filesystem::path& store);

/// How many runs of that folder are in the store; 1 without SQLite.
int runs_from(const std::filesystem::path& store, const std::filesystem::path& folder);

}  // namespace qgemm
