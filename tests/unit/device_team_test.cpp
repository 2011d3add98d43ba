#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <string>

#ifdef __linux__
#include <sched.h>
#endif

#include "device/cpu_info.hpp"
#include "device/cpu_topology.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

std::vector<int> cpus_of_a_region() {
  std::vector<int> cpus(static_cast<std::size_t>(team_size()), -1);
#ifdef __linux__
#pragma omp parallel
  cpus[static_cast<std::size_t>(omp_get_thread_num())] = sched_getcpu();
#endif
  return cpus;
}

int allowed() { return static_cast<int>(allowed_cpus().size()); }

TEST(PinThreadTeam, OneThread) {
  EXPECT_EQ(pin_thread_team(1), 1);
  EXPECT_EQ(team_size(), 1);
  EXPECT_EQ(team_cpus().size(), 1U);
}

TEST(PinThreadTeam, ZeroIsOneACore) {
  EXPECT_EQ(pin_thread_team(0), usable_cores());
  EXPECT_EQ(team_size(), usable_cores());
}

TEST(PinThreadTeam, ThreadsRunWhereTheTeamSays) {
  for (const int threads : {1, std::min(2, allowed()), allowed(), 1, allowed()}) {
    ASSERT_EQ(pin_thread_team(threads), threads);
    auto cpus = team_cpus();
    ASSERT_EQ(cpus.size(), static_cast<std::size_t>(threads));
    if (team_is_pinned()) {
      EXPECT_EQ(cpus_of_a_region(), cpus);
    }
    std::sort(cpus.begin(), cpus.end());
    EXPECT_EQ(std::adjacent_find(cpus.begin(), cpus.end()), cpus.end()) << "two threads share a CPU";
  }
}

TEST(PinThreadTeam, PinningDoesNotHideCores) {
  const auto before = physical_cores();
  pin_thread_team(1);
  EXPECT_EQ(physical_cores(), before);
  EXPECT_EQ(pin_thread_team(0), usable_cores());
}

TEST(PinThreadTeam, TooManyNamesBothNumbers) {
  const int asked = allowed() + 1;
  try {
    pin_thread_team(asked);
    FAIL() << "accepted";
  } catch (const InvalidInput& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(std::to_string(asked) + " threads"), std::string::npos) << text;
    EXPECT_NE(text.find(std::to_string(allowed()) + " logical CPUs"), std::string::npos) << text;
  }
}

TEST(PinThreadTeam, NegativeIsRefused) { EXPECT_THROW(pin_thread_team(-1), InvalidInput); }

}  // namespace
}  // namespace qgemm
