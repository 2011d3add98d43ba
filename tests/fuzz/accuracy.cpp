// What `qgemm accuracy --format json` saved: what every command that reads it does with it.
#include "qgemm/accuracy.hpp"

#include "fuzz_target.hpp"
#include "render_all.hpp"

namespace qgemm::fuzz {

void run(std::string_view input) {
  (void)holds_accuracy(input);
  const AccuracyReport report = parse_accuracy(input, "input");
  const std::string saved = to_json(report);
  expect(holds_accuracy(saved), "what is saved is known again");
  expect(to_json(parse_accuracy(saved, "saved")) == saved, "what is loaded and saved loads again as it was");
  expect_safe(render_accuracy(report));
  (void)render_accuracy(report, true);
  (void)render_accuracy_markdown(report);
  (void)to_csv(report);
  const auto advice = advise(report);
  expect_safe(render_advice(advice, report));
  (void)advice_to_json(advice, report);
}

}  // namespace qgemm::fuzz
