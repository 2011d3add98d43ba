// Where tables are, and which of them count.
#include "tuning/tuning_places.hpp"

#include "qgemm/error.hpp"
#include "tuning_surroundings.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

const std::string gpu = "NVIDIA H100 80GB HBM3";
constexpr CacheState hot = CacheState::hot;

void save(const fs::path& file, const std::string& kernel, const Shape& shape) {
  TuningTable table(gpu);
  table.add(DType::s8, shape, hot, {kernel, 0, 1, 1, {}});
  table.save(file);
}

TEST(TuningPlaces, FileNamesAreSafe) {
  EXPECT_EQ(tuning_file_name(gpu), "nvidia-h100-80gb-hbm3.json");
  EXPECT_EQ(tuning_file_name("NVIDIA GeForce RTX 4090"), "nvidia-geforce-rtx-4090.json");
  EXPECT_EQ(tuning_file_name("../../etc/passwd"), "etc-passwd.json");
  EXPECT_EQ(tuning_file_name("  A  (B) "), "a-b.json");
  EXPECT_EQ(tuning_file_name("..."), "gpu.json");
  EXPECT_EQ(tuning_file_name(""), "gpu.json");
  EXPECT_EQ(tuning_file_name("\xc3\xa9\n"), "gpu.json");
  EXPECT_LE(tuning_file_name(std::string(5000, 'x')).size(), 105U);
}

TEST(TuningPlaces, TheUsersTableFollowsTheEnvironment) {
  TuningSurroundings here;
  here.set("QGEMM_CACHE_DIR", "/q");
  here.set("XDG_CACHE_HOME", "/x");
  here.set("HOME", "/h");
  EXPECT_EQ(user_tuning_file("L4"), "/q/tuning/l4.json");
  here.set("QGEMM_CACHE_DIR", "own");
  EXPECT_EQ(user_tuning_file("L4"), "own/tuning/l4.json");
  here.set("QGEMM_CACHE_DIR", "");
  EXPECT_EQ(user_tuning_file("L4"), "/x/qgemm/tuning/l4.json");
  here.set("QGEMM_CACHE_DIR", std::nullopt);
  here.set("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(user_tuning_file("L4"), "/h/.cache/qgemm/tuning/l4.json");
  here.set("XDG_CACHE_HOME", std::nullopt);
  EXPECT_EQ(user_tuning_file("L4"), "/h/.cache/qgemm/tuning/l4.json");
  here.set("HOME", std::nullopt);
  EXPECT_EQ(user_tuning_file("L4"), "");
}

TEST(TuningPlaces, TheShippedTableIsAmongTheData) {
  TuningSurroundings here;
  EXPECT_EQ(shipped_tuning_file("L4"), here / "data/tuning/l4.json");
  here.set("QGEMM_DATA_DIR", (here / "cache").string());
  EXPECT_EQ(shipped_tuning_file("L4"), here / "cache/tuning/l4.json");
  here.set("QGEMM_DATA_DIR", (here / "absent").string());
  EXPECT_EQ(shipped_tuning_file("L4"), "");
  here.set("QGEMM_DATA_DIR", std::nullopt);
  EXPECT_EQ(shipped_tuning_file("L4").filename(), "l4.json");  // the source tree's, or an installed one
}

TEST(TuningPlaces, WithoutFilesNothingIsKnown) {
  TuningSurroundings here;
  EXPECT_EQ(load_tuning(gpu).size(), 0U);
  here.set("QGEMM_DATA_DIR", (here / "absent").string());
  here.set("QGEMM_CACHE_DIR", (here / "absent").string());
  EXPECT_EQ(load_tuning(gpu).size(), 0U);
  for (const char* name : {"QGEMM_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) here.set(name, std::nullopt);
  EXPECT_EQ(load_tuning(gpu).size(), 0U);
}

TEST(TuningPlaces, TheUsersChoiceWinsAndSaysSo) {
  const TuningSurroundings here;
  const std::string name = tuning_file_name(gpu);
  save(here / ("data/tuning/" + name), "shipped", {1, 2, 3});
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 2, 3}, hot)->origin, "from the shipped tuning table");
  save(here / ("cache/tuning/" + name), "own", {1, 2, 3});
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 2, 3}, hot)->kernel, "own");
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 2, 3}, hot)->origin, "from this user's tuning table");
  save(here / ("cache/tuning/" + name), "own", {4, 5, 6});
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {1, 2, 3}, hot)->kernel, "shipped");
  EXPECT_EQ(load_tuning(gpu).find(DType::s8, {4, 5, 6}, hot)->kernel, "own");
  EXPECT_EQ(load_tuning("NVIDIA L4").size(), 0U);
}

TEST(TuningPlaces, ADamagedTableIsTold) {
  const TuningSurroundings here;
  const fs::path file = here / ("cache/tuning/" + tuning_file_name(gpu));
  put_text(file, "{");
  const std::string message = message_of<InvalidInput>([] { load_tuning(gpu); });
  EXPECT_NE(message.find(file.string()), std::string::npos) << message;
}

TEST(TuningPlaces, EveryShippedTableCanBeRead) {
  for (const auto& file : fs::directory_iterator(QGEMM_TEST_TUNING)) {
    if (file.path().extension() != ".json") continue;
    const std::string text = text_of(file.path()), field = "\"gpu\": \"";
    const auto start = text.find(field);
    ASSERT_NE(start, std::string::npos) << file.path();
    const std::string name =
        text.substr(start + field.size(), text.find('"', start + field.size()) - start - field.size());
    EXPECT_EQ(file.path().filename(), tuning_file_name(name));
    EXPECT_GT(TuningTable::load(file.path(), name, {}).size(), 0U);
    TuningSurroundings here;
    TuningTable::load(file.path(), name, {}).save(here / "again.json");
    // One of an earlier schema says less than it would be saved with.
    if (text.find("\"schema\": " + std::to_string(tuning_schema) + ",") == std::string::npos) continue;
    const auto entries = [](const std::string& table) { return table.substr(table.find("\"entries\"")); };
    EXPECT_EQ(entries(text_of(here / "again.json")), entries(text)) << "not as it was saved";
  }
}

}  // namespace
}  // namespace qgemm
