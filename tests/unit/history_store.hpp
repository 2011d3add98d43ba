#pragma once
#include <string>

#include "qgemm/history.hpp"
#include "qgemm/results.hpp"
#include "results_sample.hpp"
#include "results_scratch.hpp"

namespace qgemm {

/// A made-up run of that date.
inline ResultSet run_on(const std::string& date) {
  ResultSet run = sample_run(1, 2);
  run.context.date = date;
  return run;
}

inline History new_history(const std::filesystem::path& file) { return {file, HistoryAccess::create}; }
inline History old_history(const std::filesystem::path& file) { return {file, HistoryAccess::existing}; }

/// The numbers of runs, as listed.
inline std::vector<std::int64_t> numbers(const std::vector<HistoryRun>& runs) {
  std::vector<std::int64_t> out;
  for (const auto& run : runs) out.push_back(run.id);
  return out;
}

using Numbers = std::vector<std::int64_t>;

}  // namespace qgemm
