#pragma once
#include <cstdint>
#include <string>

#include "qgemm/result.hpp"

namespace qgemm {

/// A made-up run on a CPU: one model with the layers and batch sizes asked for and the six default providers, of
/// figures that are the same everywhere.
ResultSet sample_run(int layers = 2, int batch_sizes = 6);

/// A measured row of `tflops`.
Result sample_row(const std::string& provider, std::int64_t m, double tflops);

/// A row in which every field holds something.
Result full_row();

}  // namespace qgemm
