#include "cuda/shared_library.hpp"

#include <dlfcn.h>
#include <link.h>

namespace qgemm::cuda {

SharedLibrary::SharedLibrary(const std::string& name)
    : handle_(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)), name_(name) {
  if (handle_ != nullptr) return;
  const char* why = dlerror();
  error_ = why != nullptr ? why : "it could not be opened";
}

std::string SharedLibrary::path() const {
  link_map* map = nullptr;
  if (handle_ != nullptr && dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr) {
    return map->l_name;
  }
  return name_;
}

void* SharedLibrary::symbol(const char* name) const { return handle_ != nullptr ? dlsym(handle_, name) : nullptr; }

}  // namespace qgemm::cuda
