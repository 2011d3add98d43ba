#include <array>
#include <cstdlib>
#include <string>

#include "device/cpu_info.hpp"
#include "qgemm/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace qgemm {
namespace {

#if defined(__x86_64__)

struct Leaf {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Leaf cpuid(unsigned leaf, unsigned subleaf = 0) {
  Leaf r;
  // Zeros where the CPU has no such leaf.
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(unsigned word, unsigned index) { return ((word >> index) & 1U) != 0; }

/// XCR0: the register states the operating system saves. Without them an instruction faults, whatever CPUID says.
unsigned saved_states() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

CpuFeatures detect() {
  CpuFeatures has;
  const Leaf basic = cpuid(1);
  if (!bit(basic.c, 27)) return has;  // OSXSAVE: XGETBV may be asked
  const unsigned states = saved_states();
  constexpr unsigned ymm = 0x6, zmm = 0xe6, tiles = 0x60000;
  const Leaf extended = cpuid(7, 0), more = cpuid(7, 1);

  const bool avx = bit(basic.c, 28) && (states & ymm) == ymm;
  has.avx2 = avx && bit(extended.b, 5) && bit(basic.c, 12) && bit(basic.c, 29);  // AVX2, FMA, F16C
  has.avx_vnni = has.avx2 && bit(more.a, 4);

  const bool foundation = bit(extended.b, 16) && bit(extended.b, 30) && bit(extended.b, 31) && bit(extended.b, 17);
  has.avx512 = has.avx2 && foundation && (states & zmm) == zmm;  // F, BW, VL, DQ
  has.avx512_vnni = has.avx512 && bit(extended.c, 11);
  has.avx512_bf16 = has.avx512 && bit(more.a, 5);
  has.avx512_fp16 = has.avx512 && bit(extended.d, 23);

  const bool amx = has.avx512 && bit(extended.d, 24) && (states & tiles) == tiles;
  has.amx_int8 = amx && bit(extended.d, 25);
  has.amx_bf16 = amx && bit(extended.d, 22);
  return has;
}

#else

CpuFeatures detect() { return {}; }

#endif

CpuFeatures detect_and_narrow() {
  const char* wanted = std::getenv("QGEMM_ISA");
  if (wanted == nullptr || *wanted == '\0') return detect();
  return narrow(detect(), parse_isa(wanted));
}

constexpr std::array<Isa, 3> all_isas = {Isa::plain, Isa::avx2, Isa::avx512};

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::plain: return "plain";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "plain";
}

Isa parse_isa(std::string_view text) {
  for (const Isa isa : all_isas) {
    if (name(isa) == text) return isa;
  }
  throw InvalidInput("QGEMM_ISA is '" + std::string(text) + "'; it can be plain, avx2 or avx512, or be left unset");
}

CpuFeatures narrow(CpuFeatures features, Isa isa) {
  if (isa == Isa::avx512) return features;
  if (isa == Isa::plain) return {};
  CpuFeatures kept;
  kept.avx2 = features.avx2;
  kept.avx_vnni = features.avx_vnni;
  return kept;
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect_and_narrow();
  return features;
}

Isa best_isa() {
  const CpuFeatures& features = cpu_features();
  return features.avx512 ? Isa::avx512 : features.avx2 ? Isa::avx2 : Isa::plain;
}

}  // namespace qgemm
