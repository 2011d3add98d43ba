#pragma once
#include <memory>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cublaslt {

/// NVIDIA's library, found at run time (see library.hpp): bf16 and f32 products, and e4m3 ones with a scale for each
/// operand. The algorithm is the one its heuristic names first, as in torch.
std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device);

/// The same as `cublaslt-best`, with the fastest of the heuristic's first eight algorithms, measured by `prepare`.
std::unique_ptr<cuda::CudaEngine> make_best_engine(const cuda::Device& device);

}  // namespace qgemm::cublaslt
