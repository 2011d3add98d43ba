#include "engines/cublaslt/library.hpp"

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/shared_library.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cublaslt {
namespace {

std::string program_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return {};
  const std::string_view text(path.data(), static_cast<std::size_t>(length));
  return std::string(text.substr(0, text.rfind('/')));
}

/// Where to look for a file of that name: empty stands for wherever the loader looks.
std::vector<std::string> folders() {
  std::vector<std::string> folders{""};
  if (const std::string own = program_folder(); !own.empty()) folders.push_back(own + "/../lib");
  for (std::string_view rest = QGEMM_CUBLASLT_FOLDERS; !rest.empty();) {  // separated by colons
    folders.emplace_back(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), folders.back().size() + 1));
  }
  if (const char* home = std::getenv("CUDA_HOME"); home != nullptr) folders.push_back(std::string(home) + "/lib64");
  folders.emplace_back("/usr/local/cuda/lib64");
  return folders;
}

/// The first that opens; else why none does. A library that is there and cannot be opened is more to the point than one
/// that is not there.
cuda::SharedLibrary open(std::string& reason) {
  if (const char* named = std::getenv("QGEMM_CUBLASLT"); named != nullptr) {
    cuda::SharedLibrary library(named);
    if (!library) reason = "QGEMM_CUBLASLT names a file that cannot be loaded: " + library.error();
    return library;
  }
  for (const char* name : {"libcublasLt.so.13", "libcublasLt.so.12"}) {
    for (const std::string& folder : folders()) {
      const std::string file = folder.empty() ? name : folder + "/" + name;
      if (!folder.empty() && access(file.c_str(), F_OK) != 0) continue;
      cuda::SharedLibrary library(file);
      if (library) return library;
      if (!folder.empty() && reason.empty()) reason = "cuBLASLt cannot be loaded: " + library.error();
    }
  }
  if (reason.empty()) {
    reason =
        "cuBLASLt (libcublasLt.so.13 or .12) was not found: scripts/setup --with-cuda=toolkit installs it; or name "
        "the file in QGEMM_CUBLASLT, or its folder in LD_LIBRARY_PATH";
  }
  return {};
}

bool find_functions(const cuda::SharedLibrary& from, Library& to) {
  return from.find("cublasLtCreate", to.create) && from.find("cublasLtGetVersion", to.get_version) &&
         from.find("cublasLtGetStatusName", to.status_name) && from.find("cublasLtMatmulDescCreate", to.desc_create) &&
         from.find("cublasLtMatmulDescDestroy", to.desc_destroy) &&
         from.find("cublasLtMatmulDescSetAttribute", to.desc_set) &&
         from.find("cublasLtMatrixLayoutCreate", to.layout_create) &&
         from.find("cublasLtMatrixLayoutDestroy", to.layout_destroy) &&
         from.find("cublasLtMatmulPreferenceCreate", to.preference_create) &&
         from.find("cublasLtMatmulPreferenceDestroy", to.preference_destroy) &&
         from.find("cublasLtMatmulPreferenceSetAttribute", to.preference_set) &&
         from.find("cublasLtMatmulAlgoGetHeuristic", to.heuristic) &&
         from.find("cublasLtMatmulAlgoConfigGetAttribute", to.algo_get) && from.find("cublasLtMatmul", to.matmul);
}

/// 130002 is 13.0.2.
std::string version_text(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

const LibrarySearch& find_library() {
  static Library library;
  static const LibrarySearch search = [] {
    LibrarySearch found;
    const cuda::SharedLibrary file = open(found.reason);
    if (!file) return found;
    library.path = file.path();
    if (!find_functions(file, library)) {
      found.reason = library.path + " lacks functions of cuBLASLt 12 and later: install a newer one";
      return found;
    }
    library.version = version_text(library.get_version());
    found.library = &library;
    found.reason.clear();
    return found;
  }();
  return search;
}

void Library::check(cublasStatus_t status, std::source_location where) const {
  if (status == CUBLAS_STATUS_SUCCESS) [[likely]]
    return;
  const std::string name = status_name(status);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH) {
    throw Unavailable("cuBLASLt " + version + " has no kernel for this product on this GPU (" + name + ")");
  }
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemory("cuBLASLt was refused memory (" + name + ")");
  cuda::check(cudaGetLastError(), where);  // a launch that failed says more there
  throw Error("cuBLASLt " + version + " failed: " + name + " (line " + std::to_string(where.line()) + ")");
}

cublasLtHandle_t Library::handle() const {
  // Never destroyed: at the program's end the driver may be gone before it.
  static std::map<int, cublasLtHandle_t> handles;
  int device = 0;
  cuda::check(cudaGetDevice(&device));
  cublasLtHandle_t& handle = handles[device];
  if (handle == nullptr) check(create(&handle));
  return handle;
}

}  // namespace qgemm::cublaslt
