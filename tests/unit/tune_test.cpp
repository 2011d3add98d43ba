// The order of tuning's work, on a GPU that is a function.
#include "qgemm/error.hpp"
#include "run/tune_shapes.hpp"
#include "tuning/tuning_places.hpp"
#include "tuning_surroundings.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

const std::string gpu = "NVIDIA Test";
constexpr CacheState hot = CacheState::hot, cold = CacheState::cold;

TuneOptions two_shapes() {
  TuneOptions options;
  options.shapes = {{1, 32, 64}, {16, 32, 64}, {1, 32, 64}};
  return options;
}

/// The number of products that a table has, each hot and cold.
std::size_t products_in(const TuningTable& table) { return table.size() / 2; }

/// Measures "fast" in half the time of "slow" hot, "steady" in half of it cold, and counts.
struct FakeGpu {
  int measured = 0;
  std::vector<DType> types{DType::s8, DType::e4m3};

  TuneTarget target() {
    return {gpu, types,
            [this](DType, const Shape& shape) -> RankedKernels {
              ++measured;
              const auto us = static_cast<double>(shape.m);
              return {{{"fast", 0, 8, us, {}}, {"slow", 0, 1, 2 * us, {}}},
                      {{"steady", 0, 1, 3 * us, {}}, {"slow", 0, 1, 6 * us, {}}}};
            },
            [](const std::string& kernel) { return kernel != "gone"; }};
  }
};

TuneSummary run(const TuneOptions& options, const TuneTarget& target, TuneObserver* observer = nullptr,
                const std::atomic<bool>* stop = nullptr) {
  return tune_shapes(options, shapes_to_tune(options), target, observer, stop);
}

TEST(Tune, SavesTheFastestOfEachProductWhereASweepLooks) {
  const TuningSurroundings here;
  FakeGpu fake;
  const TuneSummary summary = run(two_shapes(), fake.target());
  EXPECT_EQ(fake.measured, 4);  // two shapes, two types
  EXPECT_EQ(summary.gpu, gpu);
  EXPECT_EQ(summary.file, here / "cache/tuning/nvidia-test.json");
  ASSERT_EQ(summary.shapes.size(), 4U);
  EXPECT_EQ(summary.shapes[0].input, DType::s8);
  EXPECT_EQ(summary.shapes[1].input, DType::e4m3);
  EXPECT_EQ(summary.shapes[2].shape, (Shape{16, 32, 64}));
  EXPECT_EQ(summary.shapes[2].hot.kernel, "fast swizzle 8");
  EXPECT_EQ(summary.shapes[2].hot.us, 16);
  EXPECT_EQ(summary.shapes[2].cold.kernel, "steady");
  EXPECT_EQ(summary.shapes[2].cold.us, 48);
  EXPECT_EQ(summary.shapes[2].tried, 2);
  EXPECT_FALSE(summary.shapes[2].hot.before_us);
  EXPECT_FALSE(summary.shapes[2].cold.before_us);
  EXPECT_EQ(load_tuning(gpu).size(), 8U);
  EXPECT_EQ(load_tuning(gpu).find(DType::e4m3, {16, 32, 64}, hot)->kernel, "fast");
  EXPECT_EQ(load_tuning(gpu).find(DType::e4m3, {16, 32, 64}, cold)->kernel, "steady");
}

TEST(Tune, LeavesOutWhatTheFileHas) {
  const TuningSurroundings here;
  FakeGpu fake;
  TuneOptions options = two_shapes();
  options.types = {"int8"};
  run(options, fake.target());
  options.types = {};
  const TuneSummary rest = run(options, fake.target());
  EXPECT_EQ(rest.skipped, 2);
  ASSERT_EQ(rest.shapes.size(), 2U);
  EXPECT_EQ(rest.shapes[0].input, DType::e4m3);
  options.again = true;
  EXPECT_EQ(run(options, fake.target()).shapes.size(), 4U);
}

TEST(Tune, AShippedTableIsNoReasonToSkip) {
  const TuningSurroundings here;
  TuningTable shipped(gpu);
  for (const CacheState cache : {hot, cold}) shipped.add(DType::s8, {1, 32, 64}, cache, {"slow", 0, 1, 7, {}});
  shipped.save(shipped_tuning_file(gpu));
  FakeGpu fake;
  const TuneSummary summary = run(two_shapes(), fake.target());
  EXPECT_EQ(summary.skipped, 0);
  EXPECT_EQ(summary.shapes[0].hot.before_us, 2);  // measured now, not the 7 of the table
  EXPECT_EQ(summary.shapes[0].cold.before_us, 6);
  EXPECT_FALSE(summary.shapes[1].hot.before_us);
}

TEST(Tune, WhatTheTablesNameStaysUnlessAnotherIsClearlyFaster) {
  const TuningSurroundings here;
  TuningTable shipped(gpu);
  for (const CacheState cache : {hot, cold}) shipped.add(DType::s8, {1, 32, 64}, cache, {"known", 0, 1, 7, {}});
  shipped.save(shipped_tuning_file(gpu));
  TuneOptions options = two_shapes();
  options.types = {"int8"};
  options.again = true;
  for (const double known_us : {1.005, 1.02}) {
    const bool stays = known_us < 1.01;  // hot; cold it is as clearly slower each time
    TuneTarget target = FakeGpu().target();
    target.types = {DType::s8};
    target.measure = [&](DType, const Shape&) -> RankedKernels {
      return {{{"new", 0, 8, 1, {}}, {"known", 0, 1, known_us, {}}}, {{"new", 0, 8, 1, {}}, {"known", 0, 1, 2, {}}}};
    };
    const TuneSummary summary = run(options, target);
    EXPECT_EQ(summary.shapes[0].hot.kernel, stays ? "known" : "new swizzle 8");
    EXPECT_EQ(summary.shapes[0].hot.us, stays ? known_us : 1);
    EXPECT_EQ(summary.shapes[0].hot.before_us, known_us);
    EXPECT_EQ(summary.shapes[0].cold.kernel, "new swizzle 8");
    EXPECT_EQ(summary.shapes[1].hot.kernel, "new swizzle 8") << "of no table until now";
    EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 32, 64}, hot)->kernel, stays ? "known" : "new");
    EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 32, 64}, cold)->kernel, "new");
    fs::remove(user_tuning_file(gpu));
  }
}

TEST(Tune, AKernelThatIsGoneIsTunedAgain) {
  const TuningSurroundings here;
  TuningTable old(gpu);
  for (const CacheState cache : {hot, cold}) {
    old.add(DType::s8, {1, 32, 64}, cache, {cache == hot ? "slow" : "gone", 0, 1, 7, {}});
    old.add(DType::s8, {16, 32, 64}, cache, {"slow", 0, 1, 7, {}});
    old.add(DType::s8, {64, 32, 64}, cache, {"gone", 0, 1, 7, {}});
  }
  old.save(user_tuning_file(gpu));
  FakeGpu fake;
  fake.types = {DType::s8};
  const TuneSummary summary = run(two_shapes(), fake.target());
  EXPECT_EQ(summary.skipped, 1);
  ASSERT_EQ(summary.shapes.size(), 1U);
  EXPECT_FALSE(summary.shapes[0].cold.before_us);
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 32, 64}, cold)->kernel, "steady");
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {64, 32, 64}, cold)->kernel, "gone") << "not this run's business";
}

TEST(Tune, AProductWithOneCacheStateIsTunedForBoth) {
  const TuningSurroundings here;
  TuningTable half(gpu);
  half.add(DType::s8, {1, 32, 64}, hot, {"slow", 0, 1, 7, {}});
  half.save(user_tuning_file(gpu));
  FakeGpu fake;
  fake.types = {DType::s8};
  const TuneSummary summary = run(two_shapes(), fake.target());
  EXPECT_EQ(summary.skipped, 0);
  EXPECT_EQ(summary.shapes[0].hot.before_us, 2);
  EXPECT_FALSE(summary.shapes[0].cold.before_us);
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 32, 64}, cold)->kernel, "steady");
}

TEST(Tune, AnotherFileIsMadeWithItsFolder) {
  const TuningSurroundings here;
  FakeGpu fake;
  TuneOptions options = two_shapes();
  options.out = here / "new/folder/table.json";
  EXPECT_EQ(run(options, fake.target()).file, options.out);
  EXPECT_EQ(products_in(TuningTable::load(options.out, gpu, {})), 4U);
  EXPECT_EQ(load_tuning(gpu).size(), 0U);
}

/// Sets a flag after so many products, and looks at the file each time.
class Stopper final : public TuneObserver {
 public:
  explicit Stopper(std::int64_t after) : after_(after) {}
  void started(const TuneSummary& so_far, std::int64_t to_measure) override {
    file_ = so_far.file;
    EXPECT_EQ(to_measure, 4);
  }
  void finished(const TunedShape&, std::int64_t done, std::int64_t) override {
    EXPECT_EQ(products_in(TuningTable::load(file_, gpu, {})), static_cast<std::size_t>(done))
        << "saved product by product";
    stop = done >= after_;
  }
  std::atomic<bool> stop{false};

 private:
  std::int64_t after_;
  fs::path file_;
};

TEST(Tune, AStopLosesNothing) {
  const TuningSurroundings here;
  FakeGpu fake;
  Stopper stopper(3);
  const TuneSummary summary = run(two_shapes(), fake.target(), &stopper, &stopper.stop);
  EXPECT_EQ(summary.shapes.size(), 3U);
  EXPECT_EQ(summary.left, 1);
  EXPECT_EQ(run(two_shapes(), fake.target()).skipped, 3);
  EXPECT_EQ(fake.measured, 4);
}

TEST(Tune, WhatAnotherRunAddedMeanwhileStays) {
  const TuningSurroundings here;
  FakeGpu fake;
  TuneTarget target = fake.target();
  const auto measure = target.measure;
  target.measure = [&](DType input, const Shape& shape) {
    TuningTable other =
        fs::exists(user_tuning_file(gpu)) ? TuningTable::load(user_tuning_file(gpu), gpu, {}) : TuningTable(gpu);
    for (const CacheState cache : {hot, cold}) other.add(DType::s8, {999, 32, 64}, cache, {"other", 0, 1, 1, {}});
    other.save(user_tuning_file(gpu));
    return measure(input, shape);
  };
  run(two_shapes(), target);
  EXPECT_EQ(products_in(load_tuning(gpu)), 5U);
}

TEST(Tune, WhatCannotBeMeasuredIsAMessage) {
  const TuningSurroundings here;
  TuneTarget target = FakeGpu().target();
  target.types = {DType::s8};
  int calls = 0;
  target.measure = [&](DType, const Shape&) -> RankedKernels {
    ++calls;
    if (calls == 1) throw OutOfMemory("it is too large");
    if (calls == 2) throw Unavailable("no kernel takes this shape");
    return {};
  };
  TuneOptions options = two_shapes();
  options.shapes.push_back({2, 32, 64});
  const TuneSummary summary = run(options, target);
  ASSERT_EQ(summary.shapes.size(), 3U);
  EXPECT_EQ(summary.shapes[0].message, "it is too large");
  EXPECT_EQ(summary.shapes[1].message, "no kernel takes this shape");
  EXPECT_FALSE(summary.shapes[2].message.empty());
  EXPECT_TRUE(summary.shapes[2].hot.kernel.empty());
  EXPECT_TRUE(summary.shapes[2].cold.kernel.empty());
  EXPECT_FALSE(fs::exists(summary.file));
}

TEST(Tune, WhatEndsItComesOutWithAllSaved) {
  const TuningSurroundings here;
  FakeGpu fake;
  TuneTarget target = fake.target();
  const auto measure = target.measure;
  target.measure = [&](DType input, const Shape& shape) {
    if (fake.measured == 2) throw Error("the GPU is lost");
    return measure(input, shape);
  };
  EXPECT_EQ(message_of<Error>([&] { run(two_shapes(), target); }), "the GPU is lost");
  EXPECT_EQ(products_in(load_tuning(gpu)), 2U);
}

TEST(Tune, ATypeWithoutKernelsIsTold) {
  const TuningSurroundings here;
  FakeGpu fake;
  fake.types = {DType::s8};
  TuneOptions options = two_shapes();
  EXPECT_EQ(run(options, fake.target()).shapes.size(), 2U);  // int8 alone
  options.types = {"fp8"};
  const std::string no_fp8 = message_of<Unavailable>([&] { run(options, fake.target()); });
  EXPECT_NE(no_fp8.find("no fp8 kernels for NVIDIA Test"), std::string::npos) << no_fp8;
  fake.types = {};
  const std::string none = message_of<Unavailable>([&] { run(two_shapes(), fake.target()); });
  EXPECT_NE(none.find("QGEMM_CUDA_ARCHS"), std::string::npos) << none;
}

TEST(Tune, AFileThatCannotBeUsedIsFoundFirst) {
  TuningSurroundings here;
  FakeGpu fake;
  TuneOptions options = two_shapes();
  options.out = here / "results.json";
  put_text(options.out, "{\"rows\": []}");
  EXPECT_THROW(run(options, fake.target()), InvalidInput);
  options.out = here / "results.json/table.json";
  EXPECT_NE(message_of<Unavailable>([&] { run(options, fake.target()); }).find("--out"), std::string::npos);
  for (const char* name : {"QGEMM_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) here.set(name, std::nullopt);
  EXPECT_NE(message_of<Unavailable>([&] { run(two_shapes(), fake.target()); }).find("--out FILE"), std::string::npos);
  EXPECT_EQ(fake.measured, 0);
  EXPECT_EQ(text_of(here / "results.json"), "{\"rows\": []}");
}

TEST(Tune, TheShapesAreASweepsEachOnce) {
  EXPECT_EQ(shapes_to_tune(two_shapes()).size(), 2U);
  EXPECT_EQ(shapes_to_tune({}).size(), 4U * 11U);  // layers × a GPU's batch sizes
  TuneOptions options;
  options.models = {"meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3-8b"};  // the same layers
  options.batch_sizes = {1, 16};
  EXPECT_EQ(shapes_to_tune(options).size(), 4U * 2U);
}

TEST(Tune, OptionsOutOfRangeAreTold) {
  const auto told = [](const TuneOptions& options) {
    return message_of<InvalidInput>([&] { shapes_to_tune(options); });
  };
  TuneOptions options = two_shapes();
  options.types = {"int8", "bf16"};
  EXPECT_NE(told(options).find("--types has 'bf16': use int8 or fp8"), std::string::npos);
  options = two_shapes();
  options.device = "cpu";
  EXPECT_NE(told(options).find("--device is 'cpu': use auto, cuda or cuda:N"), std::string::npos);
  options = two_shapes();
  options.shapes = {{1, 32, 140000}};
  EXPECT_NE(told(options).find("--types fp8"), std::string::npos);
  options.types = {"fp8"};
  EXPECT_EQ(shapes_to_tune(options).size(), 1U);
}

}  // namespace
}  // namespace qgemm
