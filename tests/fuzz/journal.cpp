// journal.jsonl: read for a report, and gone on with.
#include "results/journal.hpp"

#include "fuzz_target.hpp"
#include "qgemm/results.hpp"
#include "render_all.hpp"
#include "results/journal_text.hpp"

namespace qgemm::fuzz {
namespace {

/// A case that no input has by chance.
Result new_row() {
  Result row;
  row.model = "of this test";
  row.layer = "qkv";
  row.shape = {1, 2, 3};
  row.provider = "bf16";
  return row;
}

}  // namespace

void run(std::string_view input) {
  static const MemoryFile file;
  const auto before = parse_journal(input, "input");
  expect(before.whole_bytes <= input.size(), "whole lines are within the text");
  const auto again = parse_journal(input.substr(0, before.whole_bytes), "whole lines");
  expect(to_json(again.results) == to_json(before.results), "what follows the whole lines says nothing");
  if (before.has_context) render_all(before.results);

  file.put(input);
  Context context;
  Journal(file.path(), context, true).append(new_row());
  const std::string text = file.text();
  expect(text.starts_with(input.substr(0, before.whole_bytes)), "going on keeps what was there, bit for bit");
  const auto after = parse_journal(text, "gone on");
  expect(after.whole_bytes == text.size(), "and ends with a whole line");
  expect(after.results.rows.size() == before.results.rows.size() + 1 ||
             (!before.results.rows.empty() && same_case(before.results.rows.back(), new_row())),
         "a row is added");
}

}  // namespace qgemm::fuzz
