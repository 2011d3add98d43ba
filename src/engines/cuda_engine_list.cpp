#include "engines/cuda_engine_list.hpp"

#include "engines/cublaslt/cublaslt_engine.hpp"
#include "engines/cutlass/cutlass_engine.hpp"

namespace qgemm::cuda {

std::vector<std::unique_ptr<CudaEngine>> make_engines(const Device& device, const std::string& kernel) {
  std::vector<std::unique_ptr<CudaEngine>> engines;
  engines.push_back(cutlass::make_engine(device, kernel));
  engines.push_back(cublaslt::make_engine(device));
  engines.push_back(cublaslt::make_best_engine(device));
  engines.push_back(cutlass::make_vllm_engine(device));
  return engines;
}

}  // namespace qgemm::cuda
