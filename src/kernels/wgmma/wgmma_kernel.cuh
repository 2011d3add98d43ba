#pragma once
#include <algorithm>
#include <memory>

#include "cuda/cuda_error.hpp"
#include "kernels/check_arguments.hpp"
#include "kernels/wgmma/lists.hpp"
#include "kernels/wgmma/multiply.cuh"
#include "kernels/wgmma/tensor_map.hpp"

namespace qgemm::kernels::wgmma {

template <class Design, bool full>
class WgmmaLaunch final : public ScaledGemmLaunch {
 public:
  WgmmaLaunch(const Parameters& parameters, int multiprocessors) : parameters_(parameters) {
    cuda::check(cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, Design::shared_bytes));
    const int tiles = parameters_.schedule.tiles();
    int clusters = tiles;
    if (!Design::gathers) {
      int most = 0;
      const auto config = configuration(Design::cluster * tiles);
      if (Design::cluster > 1) {
        cuda::check(cudaOccupancyMaxActiveClusters(&most, function(), &config.launch));
      } else {
        most = multiprocessors * Design::residents;
      }
      clusters = std::min(tiles, std::max(1, most));
    }
    blocks_ = clusters * Design::cluster;
  }

  void enqueue(cudaStream_t stream, bool overlaps) override {
    if (Design::quantizes) overlaps = false;  // its tokens would have to be waited for
    auto config = configuration(blocks_);
    config.launch.stream = stream;
    parameters_.overlaps = overlaps;
    if (overlaps) {
      auto& attribute = config.attributes[config.launch.numAttrs++];
      attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
      attribute.val.programmaticStreamSerializationAllowed = 1;
    }
    void* parameters[] = {&parameters_};
    cuda::check(cudaLaunchKernelExC(&config.launch, function(), parameters));
  }

 private:
  struct Configuration {
    cudaLaunchConfig_t launch{};
    cudaLaunchAttribute attributes[2]{};
    Configuration() { launch.attrs = attributes; }
    Configuration(const Configuration& other) : launch(other.launch) {
      std::copy(std::begin(other.attributes), std::end(other.attributes), attributes);
      launch.attrs = attributes;
    }
  };

  static Configuration configuration(int blocks) {
    Configuration config;
    config.launch.gridDim = dim3(static_cast<unsigned>(blocks));
    config.launch.blockDim = dim3(Design::threads);
    config.launch.dynamicSmemBytes = Design::shared_bytes;
    if (Design::cluster > 1) {
      config.attributes[0].id = cudaLaunchAttributeClusterDimension;
      config.attributes[0].val.clusterDim = {Design::cluster, 1, 1};
      config.launch.numAttrs = 1;
    }
    return config;
  }

  static const void* function() { return reinterpret_cast<const void*>(&multiply<Design, full>); }

  Parameters parameters_;
  int blocks_ = 0;
};

/// A `Design` with both of its epilogues: the plain one for bf16 results where neither zero points nor a bias are
/// given.
template <class Design>
class WgmmaKernel final : public ScaledGemmKernel {
 public:
  explicit WgmmaKernel(DType output) : traits_(Design::traits(output)) {}

  const KernelTraits& traits() const override { return traits_; }
  std::size_t workspace_bytes(const ScaledGemmArguments&) const override { return 0; }

  std::unique_ptr<ScaledGemmLaunch> prepare(const ScaledGemmArguments& given, void*) const override {
    check_arguments(traits_, given);
    Parameters p;
    const MatrixBoxes a{given.a, given.m, given.k, given.lda, 1, 1, Design::box_k};
    const MatrixBoxes w{given.w, given.n, given.k, given.ldw, 1, 1, Design::box_k};
    MatrixBoxes rows = Design::swapped ? w : a, columns = Design::swapped ? a : w;
    rows.box_rows = Design::loaded_rows;
    columns.box_rows = Design::loaded_columns;
    p.row_map = tensor_map(rows);
    p.steps = covered(given.k, Design::step_k);
    p.streams_weights = given.streams_weights;
    if constexpr (Design::quantizes) {
      p.tokens = tokens(given, p.steps);
    } else {
      p.column_map = tensor_map(columns);
      map_last_tokens(p, Design::swapped ? columns : rows);
    }
    MatrixBoxes d{given.d, given.m, given.n, given.ldd, 2, Design::stored_rows, Design::chunk};
    if (Design::swapped) std::swap(d.box_rows, d.box_columns);
    p.result_map = tensor_map(d);

    const bool half = traits_.output == DType::f16;
    p.how = {given.scale_a,
             given.scale_w,
             given.bias,
             given.azp,
             given.colsum,
             given.scale_a_per_row,
             given.scale_w_per_channel,
             given.azp_per_row,
             half,
             given.tap,
             static_cast<int>(given.m),
             static_cast<int>(given.n)};
    // Along M by choice or by default: the rows are M's unless swapped.
    p.schedule = Schedule(covered(rows.rows, Design::rows * Design::cluster_rows),
                          covered(columns.rows, Design::columns * Design::cluster_columns), given.swizzle,
                          (given.raster != 2) != Design::swapped);

    const bool full = given.azp != nullptr || given.bias != nullptr || half;
    const int processors = multiprocessors();
    if (full) return std::make_unique<WgmmaLaunch<Design, true>>(p, processors);
    return std::make_unique<WgmmaLaunch<Design, false>>(p, processors);
  }

 private:
  static int covered(std::int64_t extent, int by) { return static_cast<int>((extent + by - 1) / by); }

  static void map_last_tokens(Parameters& p, MatrixBoxes tokens) {
    constexpr int tile = Design::swapped ? Design::columns : Design::rows;
    const int last_tile = covered(tokens.rows, tile) - 1;
    if (!Design::shares) tokens.box_rows = static_cast<int>(tokens.rows) - last_tile * tile;
    p.last_map = tensor_map(tokens);
    p.last_tile = tokens.box_rows == tile || Design::shares ? -1 : last_tile;
    p.last_bytes = Design::stage_bytes - static_cast<std::uint32_t>((tile - tokens.box_rows) * Design::step_k);
  }

  Tokens tokens(const ScaledGemmArguments& given, int steps) const {
    const auto& from = given.unquantized;
    // (What K is split into are whole steps: a part may have one more than its share.)
    if (given.m > Design::columns || covered(steps, Design::split) * Design::step_k > Design::quantized_k ||
        given.m * given.k > traits_.quantized_elements) {
      refuse(traits_, "it quantizes at most " + std::to_string(Design::columns) +
                          " tokens, K = " + std::to_string(traits_.quantized_k) + ", and " +
                          std::to_string(traits_.quantized_elements) + " elements");
    }
    if (from.own_scales && given.azp != nullptr) refuse(traits_, "it finds no zero points");
    Tokens out;
    out.x = static_cast<const __nv_bfloat16*>(from.x);
    out.stride = from.stride;
    out.count = static_cast<int>(given.m);
    out.k = static_cast<int>(given.k);
    out.own_scales = from.own_scales;
    out.scale = given.scale_a;
    out.azp = given.azp;
    out.bad_row = from.bad_row;
    return out;
  }

  KernelTraits traits_;
};

/// Puts each design into the list, once an output type.
template <class... Designs>
void add(KernelList& list) {
  for (const DType output : {DType::bf16, DType::f16}) {
    (list.push_back(std::make_unique<WgmmaKernel<Designs>>(output)), ...);
  }
}

}  // namespace qgemm::kernels::wgmma
