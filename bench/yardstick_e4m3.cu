// The reference's table for FP8 on sm_90.
#include "yardstick_product.cuh"

namespace qgemm::bench {

YardstickLaunch prepare_yardstick_e4m3(const YardstickArguments& g) {
  using E4M3 = cutlass::float_e4m3_t;
  using Specialized = cutlass::gemm::KernelTmaWarpSpecializedFP8FastAccum;
  using Pingpong = cutlass::gemm::KernelTmaWarpSpecializedPingpongFP8FastAccum;
  if (g.m <= 16) {
    return g.n <= 1280 ? Yardstick<E4M3, Tile<64, 16, 256>, Cluster<1, 2>, Specialized, true>::prepare(g)
                       : Yardstick<E4M3, Tile<64, 16, 256>, Cluster<1, 1>, Specialized, true>::prepare(g);
  }
  if (g.m <= 64) {
    return g.n <= 1280 ? Yardstick<E4M3, Tile<64, 16, 256>, Cluster<1, 4>, Specialized, true>::prepare(g)
                       : Yardstick<E4M3, Tile<64, 64, 256>, Cluster<1, 1>, Specialized, true>::prepare(g);
  }
  if (g.m <= 128) return Yardstick<E4M3, Tile<64, 128, 128>, Cluster<2, 1>, Pingpong, false>::prepare(g);
  return Yardstick<E4M3, Tile<128, 128, 128>, Cluster<2, 1>, Pingpong, false>::prepare(g);
}

}  // namespace qgemm::bench
