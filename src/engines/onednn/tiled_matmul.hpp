#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engines/onednn/matmul_primitive.hpp"
#include "engines/onednn/packed_weights.hpp"
#include "engines/onednn/tile_grid.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::onednn {

/// D[M,N] = A·Wᵀ cut into tiles, each a single-threaded oneDNN product on one of our threads. As fast as one parallel
/// oneDNN call; and a tile's sums are still in that thread's L2 when an epilogue reads them, and large weights are read
/// from memory once whatever M is.
class TiledMatmul {
 public:
  /// What to multiply; A is dense.
  struct Plan {
    Shape shape;
    DType operand = DType::s8, result = DType::s32;
    bool bias = false;
    int threads = 1;
  };

  /// Throws `Unavailable` where oneDNN has no fast kernel for it.
  explicit TiledMatmul(const Plan& plan);

  std::string implementation() const { return primitive(false, false).implementation(); }
  const TileGrid& grid() const { return grid_; }
  PanelLayouts weight_layouts() const;
  /// Of scratchpads and tile buffers, over all threads.
  std::int64_t working_bytes() const;

  /// Allocates the threads' buffers; once, before the first run.
  void allocate();

  /// A tile's results, rows `tile.channels` apart, the calling thread's own to read and change.
  using Epilogue = std::function<void(const Tile& tile, void* results)>;
  /// `bias`: N values where the plan has one. Each tile goes to `epilogue` on the thread that multiplied it.
  /// (oneDNN 2.6 has its fast kernels only for dense results, so tiles cannot go straight into D.)
  void run(const void* source, const PackedWeights& weights, int set, const float* bias, const Epilogue& epilogue);

 private:
  struct Worker;
  const MatmulPrimitive& primitive(bool last_block, bool last_panel) const;

  Plan plan_;
  TileGrid grid_;
  std::vector<MatmulPrimitive> primitives_;  ///< [last block or not][last panel or not]
  std::vector<std::shared_ptr<Worker>> workers_;
};

}  // namespace qgemm::onednn
