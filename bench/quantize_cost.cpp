// What dynamic per-token quantization costs beside the product it serves, and how near it is to the memory's speed.
// Goals: ≤ 3 % of the product at N ≥ 4096 and M ≥ 64; ≥ 80 % of the copy bandwidth at M·K ≥ 32 Mi elements.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "device/thread_team.hpp"
#include "engines/engine_list.hpp"
#include "interleaved.hpp"
#include "operands/random_operands.hpp"
#include "quantize/activations.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

using namespace qgemm;

void beside_the_product() {
  std::printf("%6s %6s %6s %14s %14s %10s\n", "M", "N", "K", "quantize us", "product us", "share");
  struct Size {
    std::int64_t n, k;
  };
  for (const auto& [n, k] : {Size{4096, 4096}, Size{28672, 4096}, Size{4096, 14336}}) {
    for (const std::int64_t m : {64, 256, 1024}) {
      const GemmSpec spec{{m, n, k}, parse_provider("int8-channel-w-token-a"), false};
      const auto engines = make_engines();
      const HostEngine& engine = *engines.front();
      if (!engine.supports(spec).ok) continue;
      const Matrix a = random_activations(m, k, DataKind::normal, 1);
      Operands operands;
      operands.weights = std::make_shared<LayerWeights>(random_weights(n, k, DataKind::normal, 2), ScaleSource::absmax);
      operands.activations = a.view();
      const auto gemm = engine.prepare(spec, operands);
      gemm->launch(0);
      const auto both = bench::interleave({[&] { gemm->launch_quantize(); }, [&] { gemm->launch_product(0); }}, 1.0, 7);
      std::printf("%6ld %6ld %6ld %14.1f %14.1f %9.2f%%\n", static_cast<long>(m), static_cast<long>(n),
                  static_cast<long>(k), both.us(0), both.us(1), 100 * both.ratio(0, 1));
      std::fflush(stdout);
    }
  }
}

/// Copies by streaming stores where the CPU has them, as the quantizer writes: the stricter yardstick.
void copy_part(const std::byte* from, std::byte* to, std::int64_t bytes) {
#if defined(__SSE2__)
  for (std::int64_t i = 0; i < bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(from + i + 1024), _MM_HINT_T0);
    for (std::int64_t j = 0; j < 64; j += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i + j),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(from + i + j)));
    }
  }
  _mm_sfence();
#else
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
#endif
}

void beside_a_copy() {
  std::printf("\n%6s %6s %-12s %14s %10s %10s %10s\n", "M", "K", "scheme", "quantize us", "GB/s", "copy GB/s", "share");
  for (const auto& [m, k] : {std::pair{8192L, 4096L}, std::pair{4096L, 14336L}, std::pair{16384L, 4096L}}) {
    const Matrix a = random_activations(m, k, DataKind::normal, 1);
    for (const char* activation : {"token", "tensor", "token-azp"}) {
      const bool azp = std::strstr(activation, "azp") != nullptr;
      const Scheme scheme =
          parse_provider(std::string("int8-channel-w-") + (azp ? "token-a-azp" : std::string(activation) + "-a"));
      auto q = allocate_activations(scheme, m, k, Int8Form::u8_shifted);
      std::optional<StaticScale> given;
      if (needs_static_scale(scheme)) given = calibrate(scheme, a.view(), ScaleSource::absmax);
      // A copy that moves as many bytes in all: half of them read, half written.
      const std::int64_t bytes = m * k * 3, half = bytes / 2 / 128 * 128;
      const AlignedBuffer from(static_cast<std::size_t>(half) + 4096), to(static_cast<std::size_t>(half) + 4096);
      std::memset(from.data(), 1, from.size());
      std::memset(to.data(), 1, to.size());
      const auto copy = [&] {
#pragma omp parallel for schedule(static)
        for (std::int64_t part = 0; part < half / 65536; ++part)
          copy_part(from.data() + part * 65536, to.data() + part * 65536, 65536);
      };
      const auto both = bench::interleave({[&] { quantize_activations(scheme, given, a.view(), q); }, copy}, 2.0, 15);
      std::printf("%6ld %6ld %-12s %14.1f %10.1f %10.1f %9.0f%%\n", m, k, activation, both.us(0),
                  static_cast<double>(bytes) / both.us(0) * 1e-3, static_cast<double>(bytes) / both.us(1) * 1e-3,
                  100 / both.ratio(0, 1));
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main() {
  std::printf("threads: %d\n", pin_thread_team(0));
  beside_the_product();
  beside_a_copy();
}
