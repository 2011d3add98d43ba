#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "device/cpu_info.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

const Value* find(const DeviceInfo& device, std::string_view name) {
  for (const auto& [key, value] : device.properties) {
    if (key == name) return &value;
  }
  return nullptr;
}

TEST(Isa, NamesRoundTrip) {
  for (const Isa isa : {Isa::plain, Isa::avx2, Isa::avx512}) EXPECT_EQ(parse_isa(name(isa)), isa);
}

TEST(Isa, UnknownIsNamed) {
  try {
    parse_isa("sse9");
    FAIL() << "accepted";
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("QGEMM_ISA is 'sse9'"), std::string::npos) << error.what();
  }
}

TEST(CpuFeatures, NarrowingOnlyTakesAway) {
  CpuFeatures all;
  all.avx2 = all.avx512 = all.avx512_vnni = all.avx_vnni = all.avx512_bf16 = all.amx_int8 = true;
  EXPECT_TRUE(narrow(all, Isa::avx512).amx_int8);
  const CpuFeatures avx2 = narrow(all, Isa::avx2);
  EXPECT_TRUE(avx2.avx2 && avx2.avx_vnni);
  EXPECT_FALSE(avx2.avx512 || avx2.avx512_vnni || avx2.avx512_bf16 || avx2.amx_int8);
  EXPECT_FALSE(narrow(all, Isa::plain).avx2);
  EXPECT_FALSE(narrow(CpuFeatures{}, Isa::avx512).avx2);
}

TEST(CpuFeatures, EachNeedsTheOneBefore) {
  const CpuFeatures& has = cpu_features();
  EXPECT_TRUE(has.avx2 || !has.avx512);
  EXPECT_TRUE(has.avx512 || !(has.avx512_vnni || has.avx512_bf16 || has.avx512_fp16 || has.amx_int8));
  EXPECT_EQ(best_isa() == Isa::plain, !has.avx2);
#if defined(__x86_64__)
  EXPECT_LE(has.avx512_vnni, static_cast<bool>(__builtin_cpu_supports("avx512vnni")));
  EXPECT_LE(has.avx2, static_cast<bool>(__builtin_cpu_supports("avx2")));
#endif
}

TEST(CacheSizes, ArePlausible) {
  const CacheSizes& caches = cache_sizes();
  if (caches.l1d > 0) {
    EXPECT_TRUE(caches.l1d >= 4 << 10 && caches.l1d <= 1 << 20) << caches.l1d;
  }
  if (caches.l1d > 0 && caches.l2 > 0) {
    EXPECT_GE(caches.l2, caches.l1d);
  }
  if (caches.l3 > 0) {
    EXPECT_GE(caches.l3, caches.l2);
  }
  EXPECT_GE(total_last_level_bytes(), caches.last_level());
}

TEST(Cores, AtLeastOneAndDistinct) {
  auto cores = physical_cores();
  ASSERT_FALSE(cores.empty());
  EXPECT_TRUE(std::is_sorted(cores.begin(), cores.end()));
  EXPECT_EQ(std::adjacent_find(cores.begin(), cores.end()), cores.end());
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(cores.size()));
}

TEST(Memory, AvailableIsPartOfTotal) {
  EXPECT_GT(available_memory_bytes(), 0);
  EXPECT_LE(available_memory_bytes(), total_memory_bytes());
}

TEST(DescribeCpu, HasWhatAReaderNeeds) {
  const DeviceInfo device = describe_cpu(3);
  EXPECT_EQ(device.kind, DeviceKind::cpu);
  EXPECT_FALSE(device.name.empty());
  for (const char* name : {"isa", "physical_cores", "logical_cpus", "threads", "l1d_bytes", "l2_bytes", "l3_bytes",
                           "memory_bytes", "kernel", "governor", "virtual_machine", "transparent_hugepages"}) {
    EXPECT_NE(find(device, name), nullptr) << name;
  }
  EXPECT_EQ(std::get<std::int64_t>(*find(device, "threads")), 3);
  EXPECT_FALSE(std::get<std::string>(*find(device, "isa")).empty());
}

}  // namespace
}  // namespace qgemm
