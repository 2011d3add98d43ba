#pragma once
#include <span>
#include <vector>

#include "accuracy/sample.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {

/// How far results are from the unquantized product in float64, over the elements compared.
struct ErrorMetrics {
  double sqnr_db = 0;        ///< 10·log₁₀(Σ truth² / Σ (result − truth)²); infinite where nothing differs.
  double rel_error = 0;      ///< √(Σ (result − truth)² / Σ truth²); 0 where nothing differs.
  double max_abs_error = 0;  ///< Largest |result − truth|.
};

/// Of equally long ranges, the k-th of one belonging to the k-th of the other.
ErrorMetrics compare(std::span<const double> truth, std::span<const double> result);

/// Σₖ a[m,k]·w[n,k] + bias[n] in float64 for the sample's elements, row by row; `a` [M,K] and `w` [N,K] in f32, bf16 or
/// f16, `bias` empty or N.
std::vector<double> float_truth(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> bias,
                                const Sample& sample);

/// The sample's elements of `d` as doubles, row by row.
std::vector<double> sampled(const ConstMatrixView& d, const Sample& sample);

}  // namespace qgemm
