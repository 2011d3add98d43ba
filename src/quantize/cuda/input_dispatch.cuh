#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <string>

#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {

/// Calls `with` with a value of the type that `type` names. Throws `InvalidInput` unless that is f32, bf16 or f16.
template <class With>
void for_input(DType type, With&& with) {
  switch (type) {
    case DType::f32: return with(float{});
    case DType::bf16: return with(__nv_bfloat16{});
    case DType::f16: return with(__half{});
    default:
      throw InvalidInput("the GPU converts from and quantizes f32, bf16 and f16, not " + std::string(name(type)));
  }
}

}  // namespace qgemm::cuda
