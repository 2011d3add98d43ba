// A run added to the history: what is imported comes out as it went in, and lists and trends of it are safe to show.
#include "qgemm/history.hpp"

#include "fuzz_target.hpp"
#include "qgemm/results.hpp"
#include "render_all.hpp"

namespace qgemm::fuzz {

void run(std::string_view input) {
  static History history(scratch_folder() / "history.sqlite", HistoryAccess::create);
  const ResultSet results = parse_results(input, "input");
  history.prune({.keep_last = 0});
  const auto id = history.add(results, scratch_folder());
  expect(to_json(history.load(id)) == to_json(results), "a run is loaded as it was added");
  expect(history.add(results, scratch_folder()) == id, "the same run again replaces itself");
  const auto runs = history.runs();
  expect(runs.size() == 1, "one run is there");
  expect_safe(render_history(runs));
  (void)history_to_json(runs);
  const auto trends = history.trends({});
  expect_safe(render_trends(trends));
  (void)trends_to_csv(trends);
}

}  // namespace qgemm::fuzz
