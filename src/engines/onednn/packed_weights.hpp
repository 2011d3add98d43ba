#pragma once
#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/operands.hpp"
#include "engines/onednn/tile_grid.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::onednn {

/// The forms a kernel wants its weight panels in: all alike but for the last, which may be narrower.
struct PanelLayouts {
  dnnl::memory::desc panel, last_panel;
  friend bool operator==(const PanelLayouts& a, const PanelLayouts& b) {
    return a.panel == b.panel && a.last_panel == b.last_panel;
  }
};

/// W[N,K] as a kernel wants it, panel after panel, in `sets` copies of distinct memory.
class PackedWeights {
 public:
  /// From `w` [N,K] dense, of the type of the layouts. Panels are packed by the team, each by one thread.
  PackedWeights(const PanelLayouts& layouts, const TileGrid& grid, const ConstMatrixView& w, int sets, int threads);

  const PanelLayouts& layouts() const { return layouts_; }
  const dnnl::memory& panel(int set, std::int64_t panel) const {
    return panels_[static_cast<std::size_t>(set * panels_a_set_ + panel)];
  }
  int sets() const { return static_cast<int>(buffers_.size()); }
  std::int64_t bytes() const;

  static std::int64_t bytes_of_one(const PanelLayouts& layouts, std::int64_t panels);

 private:
  PanelLayouts layouts_;
  std::int64_t panels_a_set_;
  std::vector<AlignedBuffer> buffers_;  ///< One a set.
  std::vector<dnnl::memory> panels_;    ///< Made once: making one for a padded form writes its padding.
};

/// All forms in which one layer's weights are packed for products with the same panels. Kernels of different batch
/// sizes mostly want the same form and then share it.
class PackedForms {
 public:
  /// The form `layouts`, packed by `make` on first use.
  std::shared_ptr<const PackedWeights> find(const PanelLayouts& layouts,
                                            const std::function<std::shared_ptr<const PackedWeights>()>& make);

 private:
  std::vector<std::shared_ptr<const PackedWeights>> forms_;
};

/// The packed weights of `layouts`, shared through the layer; `make` packs them where they are not there yet. `source`
/// names what they are packed from ("s8/channel"). Throws `OutOfMemory`.
std::shared_ptr<const PackedWeights> shared_panels(const LayerWeights& weights, const std::string& source,
                                                   const PanelLayouts& layouts, const TileGrid& grid, int sets,
                                                   const std::function<std::shared_ptr<const PackedWeights>()>& make);

}  // namespace qgemm::onednn
