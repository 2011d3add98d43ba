#pragma once
#include <cublasLt.h>

#include <source_location>
#include <string>

namespace qgemm::cublaslt {

/// The functions of libcublasLt that are used, found at run time: the program starts without the library, and runs with
/// any of its versions 12 and 13.
struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtGetStatusName) status_name = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algo_get = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;

  std::string version;  ///< "13.0.2"
  std::string path;     ///< The file it was loaded from.

  /// Throws for a status that is no success: `Unavailable` (no such product), `OutOfMemory`, the CUDA error behind it,
  /// or `Error`, naming the status.
  void check(cublasStatus_t status, std::source_location where = std::source_location::current()) const;
  /// The current device's handle, made on first use and kept. Not thread-safe.
  cublasLtHandle_t handle() const;
};

struct LibrarySearch {
  const Library* library = nullptr;  ///< Alive until the program's end; null where it was not found.
  std::string reason;                ///< What is missing and what to do, where it was not found.
};

/// Looks once: for the file that QGEMM_CUBLASLT names, else where the loader looks (LD_LIBRARY_PATH), beside the
/// program
/// (../lib), in the toolkit it was built with, in CUDA_HOME and /usr/local/cuda; version 13 before 12.
const LibrarySearch& find_library();

}  // namespace qgemm::cublaslt
