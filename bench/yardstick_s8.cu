// The reference's table for INT8 on sm_90.
#include "yardstick_product.cuh"

namespace qgemm::bench {

YardstickLaunch prepare_yardstick_s8(const YardstickArguments& g) {
  using S8 = std::int8_t;
  using Specialized = cutlass::gemm::KernelTmaWarpSpecialized;
  using Pingpong = cutlass::gemm::KernelTmaWarpSpecializedPingpong;
  if (g.m <= 32) {
    return g.n < 8192 ? Yardstick<S8, Tile<64, 64, 256>, Cluster<1, 8>, Specialized, false>::prepare(g)
                      : Yardstick<S8, Tile<64, 128, 256>, Cluster<1, 4>, Specialized, false>::prepare(g);
  }
  if (g.m <= 64) return Yardstick<S8, Tile<64, 64, 256>, Cluster<1, 1>, Specialized, false>::prepare(g);
  if (g.m <= 128) return Yardstick<S8, Tile<64, 128, 128>, Cluster<2, 1>, Pingpong, false>::prepare(g);
  return Yardstick<S8, Tile<128, 128, 128>, Cluster<2, 1>, Pingpong, false>::prepare(g);
}

}  // namespace qgemm::bench
