#pragma once

namespace qgemm::kernels::wgmma {

/// Tiles of a cluster's size in bands: a band is some tiles wide and runs the whole length of the other side, and what
/// runs at the same time lies in a patch about as wide as long, so that its operands stay in L2.
class Schedule {
 public:
  struct Place {
    int row, column;
  };

  Schedule() = default;
  /// `along_rows`: bands are `band` columns wide and go from row to row; else the other way round. Fewer than 2²⁴
  /// tiles.
  Schedule(int rows, int columns, int band, bool along_rows)
      : tiles_(rows * columns), length_(along_rows ? rows : columns), along_rows_(along_rows) {
    const int width = along_rows ? columns : rows;
    band_ = band < width ? band : width;
    last_width_ = width % band_ == 0 ? band_ : width % band_;
    last_first_ = width - last_width_;
    by_band_tiles_ = 1.0F / static_cast<float>(band_ * length_);
    by_band_ = 1.0F / static_cast<float>(band_);
    by_last_ = 1.0F / static_cast<float>(last_width_);
  }

  __host__ __device__ int tiles() const { return tiles_; }

  /// Divides by multiplication: three of the processor's own divisions take longer than the first load.
  __host__ __device__ Place place(int tile) const {
    const int first = quotient(tile, band_ * length_, by_band_tiles_) * band_;
    const int inside = tile - first * length_;
    const bool last = first >= last_first_;
    const int wide = last ? last_width_ : band_;
    const int far = quotient(inside, wide, last ? by_last_ : by_band_);
    const int across = first + inside - far * wide;
    return along_rows_ ? Place{far, across} : Place{across, far};
  }

 private:
  /// Exact below 2²⁴: the product is off by less than one.
  static __host__ __device__ int quotient(int a, int b, float by_b) {
    const int near = static_cast<int>(static_cast<float>(a) * by_b), rest = a - near * b;
    return rest < 0 ? near - 1 : rest >= b ? near + 1 : near;
  }

  int tiles_ = 0, length_ = 1, band_ = 1, last_width_ = 1, last_first_ = 0;
  float by_band_tiles_ = 1, by_band_ = 1, by_last_ = 1;
  bool along_rows_ = true;
};

}  // namespace qgemm::kernels::wgmma
