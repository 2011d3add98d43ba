// results.json: what every command that reads saved results does with it.
#include "qgemm/results.hpp"

#include "fuzz_target.hpp"
#include "qgemm/advise.hpp"
#include "qgemm/compare.hpp"
#include "qgemm/report.hpp"
#include "render_all.hpp"

namespace qgemm::fuzz {

void run(std::string_view input) {
  const ResultSet results = parse_results(input, "input");
  const std::string saved = to_json(results);
  expect(to_json(parse_results(saved, "saved")) == saved, "what is loaded and saved loads again as it was");
  render_all(results);
  (void)to_csv(results);
  (void)render_html(results);
  (void)render_google_benchmark(results);
  (void)render_prometheus(results);
  const auto advice = advise(results);
  expect_safe(render_advice(advice, results.context));
  (void)advice_to_json(advice, results.context);
  const auto comparison = compare_results(results, results);
  expect_safe(render_comparison(comparison, true));
  (void)render_comparison_markdown(comparison);
  (void)comparison_to_json(comparison);
}

}  // namespace qgemm::fuzz
