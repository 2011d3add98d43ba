#pragma once
#include <cstdint>

#include "qgemm/matrix.hpp"

namespace qgemm::onednn {

/// Rounds `count` floats half to even into f32, bf16 or f16 at `to`.
void round_row(const float* from, std::int64_t count, DType type, void* to);

/// `from` (f32, bf16 or f16) as a dense matrix of `type` (f32 or bf16), by `threads` threads.
Matrix converted(const ConstMatrixView& from, DType type, int threads);

}  // namespace qgemm::onednn
