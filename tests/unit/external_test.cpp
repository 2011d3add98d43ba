// Products of other code in a sweep: with ones that are right, wrong, late to fail or of no use. Timing is never
// asserted.
#include "qgemm/external.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "device/thread_cpus.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {
namespace {

/// What the fake does wrong.
enum class Fault : std::uint8_t {
  none,
  one_element,
  scale_twice,
  nan,
  truncates,
  wrong_type,
  changes_later,
  refuses,
  throws,
  throws_later,
  stops_later
};

struct Script {
  Fault fault = Fault::none;
  std::string name = "fake";
  std::vector<std::string> providers{"bf16",
                                     "f32",
                                     "int8-channel-w-token-a",
                                     "int8-channel-w-token-a-noquant",
                                     "int8-tensor-w-tensor-a-azp",
                                     "int8-tensor-w-tensor-a-azp-noquant"};
  bool original_weights = false;
  std::atomic<bool>* stop = nullptr;
};

/// Plain loops in float64 over what an external is handed, quantizing by its own formula.
class FakeRunner final : public ExternalRunner {
 public:
  FakeRunner(std::shared_ptr<const ExternalOperands> operands, Script script)
      : operands_(std::move(operands)),
        script_(std::move(script)),
        d_(script_.fault == Fault::wrong_type ? DType::f16 : operands_->scheme.output, operands_->shape.m,
           operands_->shape.n) {}

  std::string kernel() const override { return "loops"; }
  void launch(int set) override {
    ++launches_;
    if (script_.fault == Fault::throws_later && launches_ > 3) throw std::runtime_error("its library went away");
    if (script_.fault == Fault::stops_later && launches_ > 3) {
      *script_.stop = true;
      throw Error("KeyboardInterrupt");
    }
    const auto& [m, n, k] = operands_->shape;
    const ConstMatrixView& w = operands_->weights.at(static_cast<std::size_t>(set));
    for (std::int64_t row = 0; row < m; ++row) {
      const auto a = multiplied(row);
      for (std::int64_t col = 0; col < n; ++col) {
        double sum = 0;
        for (std::int64_t i = 0; i < k; ++i) sum += a[static_cast<std::size_t>(i)] * weight(w, col, i);
        if (script_.fault == Fault::scale_twice) sum *= 2;
        if (script_.fault == Fault::one_element && row == 0 && col == 0) sum = -sum + 1;
        if (script_.fault == Fault::nan && row == m - 1 && col == n - 1) sum = std::numeric_limits<double>::quiet_NaN();
        if (!operands_->bias.empty()) sum += static_cast<double>(operands_->bias[static_cast<std::size_t>(col)]);
        set_element(d_.view(), row, col, static_cast<float>(sum));
      }
    }
    if (script_.fault == Fault::changes_later && launches_ > 3) set_element(d_.view(), 0, 0, 1e6F);
  }
  ConstMatrixView output() const override { return d_.view(); }

 private:
  static double scale_of(const std::vector<float>& scales, std::int64_t i) {
    return static_cast<double>(scales.size() == 1 ? scales[0] : scales[static_cast<std::size_t>(i)]);
  }
  double weight(const ConstMatrixView& w, std::int64_t n, std::int64_t k) const {
    const double value =
        w.dtype == DType::s8 ? static_cast<double>(w.row<std::int8_t>(n)[k]) : static_cast<double>(element(w, n, k));
    return operands_->weight_scales.empty() ? value : value * scale_of(operands_->weight_scales, n);
  }
  /// A row of activations as real numbers, after quantization where the scheme has one.
  std::vector<double> multiplied(std::int64_t m) const {
    const ConstMatrixView& a = operands_->activations;
    const std::int64_t k = operands_->shape.k;
    std::vector<double> row(static_cast<std::size_t>(k));
    double largest = 0;
    for (std::int64_t i = 0; i < k; ++i) {
      const double x =
          a.dtype == DType::s8 ? static_cast<double>(a.row<std::int8_t>(m)[i]) : static_cast<double>(element(a, m, i));
      row[static_cast<std::size_t>(i)] = x;
      largest = std::max(largest, std::abs(x));
    }
    if (!operands_->scheme.quantized()) return row;
    const auto& scales = operands_->activation_scales;
    const double scale = scales.empty() ? largest / 127 : scale_of(scales, m);
    const auto& azp = operands_->activation_azp;
    const double zero = azp.empty() ? 0 : static_cast<double>(azp[azp.size() == 1 ? 0 : static_cast<std::size_t>(m)]);
    for (double& x : row) {
      if (a.dtype != DType::s8) {
        const double q = script_.fault == Fault::truncates ? std::trunc(x / scale) : std::nearbyint(x / scale);
        x = std::clamp(q + zero, -128.0, 127.0);
      }
      x = (x - zero) * scale;
    }
    return row;
  }

  std::shared_ptr<const ExternalOperands> operands_;
  Script script_;
  Matrix d_;
  int launches_ = 0;
};

class FakeEngine final : public ExternalEngine {
 public:
  explicit FakeEngine(Script script) : script_(std::move(script)) {}
  std::string name() const override { return script_.name; }
  std::string description() const override { return "loops 1.2.3"; }
  std::vector<std::string> providers() const override { return script_.providers; }
  bool wants_original_weights(const std::string&) const override { return script_.original_weights; }
  std::unique_ptr<ExternalRunner> prepare(std::shared_ptr<const ExternalOperands> operands) const override {
    if (script_.fault == Fault::refuses) throw Unavailable("no loops for this shape");
    if (script_.fault == Fault::throws) throw std::runtime_error("TypeError: no loops");
    seen = operands;
    return std::make_unique<FakeRunner>(std::move(operands), script_);
  }
  mutable std::shared_ptr<const ExternalOperands> seen;

 private:
  Script script_;
};

SweepOptions tiny() {
  SweepOptions options;
  options.device = "cpu";
  options.shapes = {{3, 48, 80}};
  options.providers = {"bf16", "int8-channel-w-token-a"};
  options.external = {"fake"};
  options.max_time = 0.005;
  options.min_samples = 3;
  options.threads = 1;
  options.no_limits = true;
  return options;
}

std::shared_ptr<FakeEngine> fake(Fault fault = Fault::none) {
  Script script;
  script.fault = fault;
  return std::make_shared<FakeEngine>(script);
}

ResultSet sweep_with(const std::shared_ptr<const ExternalEngine>& external, const SweepOptions& options = tiny()) {
  SweepRun run;
  run.externals = {external};
  return run_sweep(options, run);
}

const Result& row_of(const ResultSet& results, const std::string& provider, bool external = true) {
  for (const auto& row : results.rows) {
    if (row.provider == provider && (row.engine == "fake") == external) return row;
  }
  throw std::runtime_error("no row of " + provider);
}

TEST(External, IsMeasuredAndCheckedBesideOurOwn) {
  SweepOptions options = tiny();
  options.providers = {"bf16", "f32", "int8-channel-w-token-a*", "int8-tensor-w-tensor-a-azp*"};
  options.bias = true;
  options.cache = {CacheState::hot, CacheState::cold};
  options.cold_factor = 0.01;
  const ResultSet results = sweep_with(fake(), options);
  EXPECT_EQ(results.rows.size(), 2U * (8U + 6U));
  int external = 0;
  for (const auto& row : results.rows) {
    SCOPED_TRACE(row.provider + "/" + row.engine + ": " + row.message);
    ASSERT_TRUE(row.measured());
    EXPECT_GT(*row.speedup, 0);
    if (row.engine != "fake") continue;
    ++external;
    EXPECT_EQ(row.kernel, "loops");
    EXPECT_FALSE(row.exact.has_value());
    EXPECT_FALSE(row.quantize_us.has_value());
    EXPECT_LT(*row.rel_error, 0.05);
    EXPECT_NE(row.repro.find(" --engines fake --external fake "), std::string::npos) << row.repro;
    EXPECT_EQ(row.working_set_bytes % (48 * 80), 0);
  }
  EXPECT_EQ(external, 2 * 6);
  EXPECT_EQ(row_of(results, "bf16", false).repro.find("--external"), std::string::npos);
  const auto& properties = results.context.device.properties;
  const auto said = std::find_if(properties.begin(), properties.end(),
                                 [](const auto& property) { return property.first == "engine_fake"; });
  ASSERT_NE(said, properties.end());
  EXPECT_EQ(std::get<std::string>(said->second), "loops 1.2.3");
}

TEST(External, GetsCopiesOfTheWeightsForColdCalls) {
  SweepOptions options = tiny();
  options.cache = {CacheState::cold};
  options.cold_factor = 0.01;
  options.providers = {"int8-channel-w-token-a"};
  const auto external = fake();
  const ResultSet results = sweep_with(external, options);
  std::set<const void*> places;
  for (const auto& set : external->seen->weights) {
    places.insert(set.data);
    EXPECT_EQ(set.dtype, DType::s8);
    EXPECT_TRUE(
        std::equal(set.row<std::int8_t>(0), set.row<std::int8_t>(48), external->seen->weights[0].row<std::int8_t>(0)));
  }
  EXPECT_EQ(places.size(), external->seen->weights.size());
  EXPECT_EQ(row_of(results, "int8-channel-w-token-a").working_set_bytes,
            static_cast<std::int64_t>(places.size()) * 48 * 80);
  EXPECT_EQ(external->seen->threads, 1);
  EXPECT_EQ(external->seen->weight_scales.size(), 48U);
  EXPECT_TRUE(external->seen->activation_scales.empty());
}

TEST(External, QuantizesTheWeightsItselfWhereItWants) {
  Script script;
  script.original_weights = true;
  const auto external = std::make_shared<FakeEngine>(script);
  const ResultSet results = sweep_with(external);
  EXPECT_TRUE(row_of(results, "int8-channel-w-token-a").measured());
  EXPECT_EQ(external->seen->weights.front().dtype, DType::bf16);
  EXPECT_TRUE(external->seen->weight_scales.empty());
}

TEST(External, ThatIsWrongIsIncorrect) {
  // More elements than the sample has, so that the first is one of many.
  SweepOptions options = tiny();
  options.shapes = {{40, 64, 256}};
  for (const Fault fault : {Fault::one_element, Fault::scale_twice, Fault::nan}) {
    const ResultSet results = sweep_with(fake(fault), options);
    for (const char* provider : {"bf16", "int8-channel-w-token-a"}) {
      const Result& row = row_of(results, provider);
      EXPECT_EQ(row.outcome, Outcome::incorrect) << provider << " fault " << static_cast<int>(fault);
      EXPECT_FALSE(row.measured());
      EXPECT_NE(row.message.find("differs from the float64 one"), std::string::npos) << row.message;
    }
    EXPECT_TRUE(row_of(results, "bf16", false).measured());
  }
  const ResultSet results = sweep_with(fake(Fault::truncates), options);
  EXPECT_EQ(row_of(results, "int8-channel-w-token-a").outcome, Outcome::incorrect);
}

TEST(External, ThatChangesItsResultIsIncorrect) {
  for (const auto& row : sweep_with(fake(Fault::changes_later)).rows) {
    if (row.engine != "fake") continue;
    EXPECT_EQ(row.outcome, Outcome::incorrect);
    EXPECT_EQ(row.message, "a timed call gave another result than the checked one");
  }
}

TEST(External, ThatFailsIsARowThatSaysSo) {
  for (const auto& [fault, outcome, words] :
       {std::tuple{Fault::throws, Outcome::failed, "TypeError: no loops"},
        std::tuple{Fault::throws_later, Outcome::failed, "its library went away"},
        std::tuple{Fault::refuses, Outcome::unsupported, "no loops for this shape"},
        std::tuple{Fault::wrong_type, Outcome::failed,
                   "what fake gave is [3, 48] of f16: it has to be [3, 48] of bf16"}}) {
    const ResultSet results = sweep_with(fake(fault));
    EXPECT_EQ(row_of(results, "bf16").outcome, outcome);
    EXPECT_NE(row_of(results, "bf16").message.find(words), std::string::npos) << row_of(results, "bf16").message;
    EXPECT_TRUE(row_of(results, "bf16", false).measured());
  }
}

TEST(External, HasNoFp8SoFar) {
  const std::string provider = "fp8-channel-w-token-a";
  Script script;
  script.providers = {provider};
  SweepOptions options = tiny();
  options.providers = {provider};
  const Result row = row_of(sweep_with(std::make_shared<FakeEngine>(script), options), provider);
  EXPECT_EQ(row.outcome, Outcome::unsupported);
  EXPECT_EQ(row.message, "externals have no FP8 products so far");
}

TEST(External, ThatIsInterruptedLeavesItsRowForLater) {
  std::atomic<bool> stop = false;
  Script script;
  script.fault = Fault::stops_later;
  script.stop = &stop;
  SweepRun run;
  run.externals = {std::make_shared<FakeEngine>(script)};
  run.stop = &stop;
  SweepOptions options = tiny();
  options.providers = {"bf16"};
  const ResultSet first = run_sweep(options, run);
  EXPECT_EQ(row_of(first, "bf16").outcome, Outcome::skipped);
  EXPECT_EQ(row_of(first, "bf16").message, "the sweep was stopped before this row");

  SweepRun again;
  again.externals = {fake()};
  again.done = first.rows;
  again.context = &first.context;
  EXPECT_TRUE(row_of(run_sweep(options, again), "bf16").measured());
}

TEST(External, RowsThatAreThereAreNotMeasuredAgain) {
  const ResultSet first = sweep_with(fake());
  const auto second = fake();
  SweepRun run;
  run.externals = {second};
  run.done = first.rows;
  run.context = &first.context;
  const ResultSet whole = run_sweep(tiny(), run);
  EXPECT_EQ(second->seen, nullptr);
  EXPECT_EQ(row_of(whole, "bf16").samples_us, row_of(first, "bf16").samples_us);
}

TEST(External, IsPlannedBesideTheEnginesOrAlone) {
  SweepOptions options = tiny();
  options.providers = {"bf16", "int8-tensor-w-tensor-a"};  // the second is none of its providers
  using Names = std::vector<std::string>;
  const auto planned = [&] { return plan_sweep(options, {fake()}).points.at(0).providers; };
  const auto with_external = planned();
  ASSERT_EQ(with_external.size(), 3U);
  EXPECT_EQ(with_external[1], "bf16/fake");
  options.engines = {"fake"};
  EXPECT_EQ(planned(), Names{"bf16/fake"});
  options.engines = {"reference"};
  EXPECT_EQ(planned(), (Names{"bf16/reference", "bf16/fake", "int8-tensor-w-tensor-a/reference"}));
  options.external = {};
  EXPECT_EQ(planned(), (Names{"bf16/reference", "int8-tensor-w-tensor-a/reference"}));  // known, and not asked for
}

TEST(External, NamesThatCannotBeAreRefused) {
  const auto refused = [](const SweepOptions& options, const std::string& name) {
    Script script;
    script.name = name;
    try {
      plan_sweep(options, {std::make_shared<FakeEngine>(script)});
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  SweepOptions options = tiny();
  EXPECT_EQ(refused(options, "other"), "unknown external 'fake': those known are other");
  options.external = {"auto"};
  EXPECT_NE(refused(options, "auto").find("has the name of an engine of this program"), std::string::npos);
  options.external = {"reference"};
  EXPECT_NE(refused(options, "reference").find("has the name of an engine of this program"), std::string::npos);
  options.external = {"a name\n"};
  EXPECT_NE(refused(options, "a name\n").find("is no name of an external"), std::string::npos);
  options.external = {"fake"};
  options.providers = {"int8-tensor-w-tensor-a"};
  EXPECT_NE(refused(options, "fake").find("none of the selected providers"), std::string::npos);
  options.engines = {"fake"};
  options.external = {};
  EXPECT_NE(refused(options, "fake").find("unknown engine 'fake'"), std::string::npos);
}

TEST(External, TheCallersCpusAreAfterwardsWhatTheyWere) {
  const auto before = this_thread_cpus();
  sweep_with(fake());
  EXPECT_EQ(this_thread_cpus(), before);
}

TEST(ThreadCpus, OtherThreadsGetTheTeamsOtherCpus) {
  const KeepThreadCpus kept;
  if (pin_thread_team(0) < 2 || !team_is_pinned()) GTEST_SKIP() << "a team of one, or one that may not be pinned";
  const auto own = this_thread_cpus();
  ASSERT_EQ(own.size(), 1U);
  {
    const RoomForOtherThreads room;
    const auto others = this_thread_cpus();
    EXPECT_EQ(others.size(), team_cpus().size() - 1);
    EXPECT_EQ(std::count(others.begin(), others.end(), own.front()), 0);
  }
  EXPECT_EQ(this_thread_cpus(), own);
}

TEST(ThreadCpus, WaitingForOtherThreadsEnds) {
  wait_for_other_threads(0.03);
  wait_for_other_threads(0);
}

}  // namespace
}  // namespace qgemm
