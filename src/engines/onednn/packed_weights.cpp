#include "engines/onednn/packed_weights.hpp"

#include <cstdint>
#include <functional>
#include <memory>

#include "engines/onednn/matmul_primitive.hpp"
#include "engines/onednn/team.hpp"

namespace qgemm::onednn {
namespace {

/// Panels start on pages of their own, so that no two threads write to one when they pack.
constexpr std::size_t page = 4096;

std::size_t padded_size(const dnnl::memory::desc& layout) { return (layout.get_size() + page - 1) / page * page; }

}  // namespace

std::int64_t PackedWeights::bytes_of_one(const PanelLayouts& layouts, std::int64_t panels) {
  return static_cast<std::int64_t>(padded_size(layouts.panel)) * (panels - 1) +
         static_cast<std::int64_t>(padded_size(layouts.last_panel));
}

std::int64_t PackedWeights::bytes() const { return bytes_of_one(layouts_, panels_a_set_) * sets(); }

PackedWeights::PackedWeights(const PanelLayouts& layouts, const TileGrid& grid, const ConstMatrixView& w, int sets,
                             int threads)
    : layouts_(layouts), panels_a_set_(grid.panels()) {
  const std::size_t distance = padded_size(layouts.panel);
  const auto bytes = static_cast<std::size_t>(bytes_of_one(layouts, panels_a_set_));
  for (int set = 0; set < sets; ++set) buffers_.emplace_back(bytes);
  panels_.resize(static_cast<std::size_t>(sets * panels_a_set_));
  share_out(threads, sets * panels_a_set_, [&](int, std::int64_t i) {
    const std::int64_t panel = i % panels_a_set_;
    const bool last = panel + 1 == panels_a_set_;
    std::byte* storage = buffers_[static_cast<std::size_t>(i / panels_a_set_)].data() + distance * panel;
    dnnl::memory& packed = panels_[static_cast<std::size_t>(i)];
    packed = weight_memory(last ? layouts_.last_panel : layouts_.panel, storage);
    const std::int64_t channel = panel * grid.panel_channels();
    const auto* rows = static_cast<const std::byte*>(w.data) + channel * w.stride * size_of(w.dtype);
    pack_weights(rows, w.dtype, last ? grid.last_panel_channels() : grid.panel_channels(), w.cols, packed);
  });
}

std::shared_ptr<const PackedWeights> PackedForms::find(
    const PanelLayouts& layouts, const std::function<std::shared_ptr<const PackedWeights>()>& make) {
  for (const auto& form : forms_) {
    if (form->layouts() == layouts) return form;
  }
  forms_.push_back(make());
  return forms_.back();
}

std::shared_ptr<const PackedWeights> shared_panels(const LayerWeights& weights, const std::string& source,
                                                   const PanelLayouts& layouts, const TileGrid& grid, int sets,
                                                   const std::function<std::shared_ptr<const PackedWeights>()>& make) {
  const std::string key =
      "onednn/" + source + "/panels of " + std::to_string(grid.panel_channels()) + "/" + std::to_string(sets);
  const auto forms = weights.packed<PackedForms>(key, [] { return std::make_shared<PackedForms>(); });
  return forms->find(layouts, make);
}

}  // namespace qgemm::onednn
