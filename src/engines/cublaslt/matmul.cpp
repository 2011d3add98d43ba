#include "engines/cublaslt/matmul.hpp"

#include <algorithm>

#include "qgemm/error.hpp"

namespace qgemm::cublaslt {
namespace {

cudaDataType_t type_of(DType type) {
  switch (type) {
    case DType::f32: return CUDA_R_32F;
    case DType::bf16: return CUDA_R_16BF;
    case DType::f16: return CUDA_R_16F;
    case DType::e4m3: return CUDA_R_8F_E4M3;
    default: throw InvalidInput("cuBLASLt products here are of f32, bf16, f16 or e4m3, not " + std::string(name(type)));
  }
}

}  // namespace

std::uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  std::uint32_t bytes = 256;
  while (address % bytes != 0) bytes /= 2;
  return bytes;
}

Matmul::Matmul(const Library& library, const Product& product)
    : library_(library),
      handle_(library.handle()),
      product_(product),
      desc_(nullptr, library.desc_destroy),
      w_(layout(product.input, product.k, product.n, product.ldw)),
      a_(layout(product.input, product.k, product.m, product.lda)),
      d_(layout(product.output, product.n, product.m, product.ldd)) {
  cublasLtMatmulDesc_t desc = nullptr;
  library_.check(library_.desc_create(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  desc_.reset(desc);
  set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
  if (product.bias != nullptr) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, product.bias);
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<std::int32_t>(type_of(product.output)));
  }
  if (product.input == DType::e4m3) {
    set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, std::int8_t{1});
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, product.scale_w);  // its A is W
    set_scale_a(product.scale_a);
  }
}

Matmul::Layout Matmul::layout(DType type, std::int64_t rows, std::int64_t cols, std::int64_t stride) const {
  cublasLtMatrixLayout_t layout = nullptr;
  library_.check(library_.layout_create(&layout, type_of(type), static_cast<std::uint64_t>(rows),
                                        static_cast<std::uint64_t>(cols), stride));
  return {layout, library_.layout_destroy};
}

template <class T>
void Matmul::set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
  library_.check(library_.desc_set(desc_.get(), attribute, &value, sizeof(value)));
}

void Matmul::set_scale_a(const float* scale_a) { set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, scale_a); }

std::vector<Algorithm> Matmul::algorithms(int count, std::size_t workspace) const {
  cublasLtMatmulPreference_t made = nullptr;
  library_.check(library_.preference_create(&made));
  const Owned<cublasLtMatmulPreferenceOpaque_t> preference(made, library_.preference_destroy);
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    library_.check(library_.preference_set(preference.get(), attribute, &value, sizeof(value)));
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(workspace));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, product_.alignment_w);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, product_.alignment_a);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, product_.alignment_d);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, product_.alignment_d);

  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<std::size_t>(count));
  int found = 0;
  const cublasStatus_t status = library_.heuristic(handle_, desc_.get(), w_.get(), a_.get(), d_.get(), d_.get(),
                                                   preference.get(), count, results.data(), &found);
  // An answer that says no, not a failure: shapes and strides were checked when the layouts were made.
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return {};
  library_.check(status);
  results.resize(static_cast<std::size_t>(found));
  std::vector<Algorithm> algorithms;
  for (const auto& result : results) {
    if (result.state == CUBLAS_STATUS_SUCCESS) algorithms.push_back(result.algo);
  }
  return algorithms;
}

void Matmul::enqueue(const Algorithm& algorithm, const void* a, const void* w, void* d, void* workspace,
                     std::size_t workspace_bytes, cudaStream_t stream) const {
  const float one = 1, zero = 0;
  library_.check(library_.matmul(handle_, desc_.get(), &one, w, w_.get(), a, a_.get(), &zero, d, d_.get(), d, d_.get(),
                                 &algorithm, workspace, workspace_bytes, stream));
}

}  // namespace qgemm::cublaslt
