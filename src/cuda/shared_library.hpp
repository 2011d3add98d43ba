#pragma once
#include <memory>
#include <string>

namespace qgemm::cuda {

/// A library opened at run time, never closed: NVIDIA's keep threads and exit handlers of their own.
class SharedLibrary {
 public:
  SharedLibrary() = default;
  /// `name` as dlopen takes it: a bare name is looked for where the loader looks.
  explicit SharedLibrary(const std::string& name);

  explicit operator bool() const { return handle_ != nullptr; }
  /// Why it could not be opened, as the loader says it.
  const std::string& error() const { return error_; }
  /// The file it came from, where the loader tells; else the name it was asked for.
  std::string path() const;

  /// Sets `function` to the symbol of that name; false, and null, where the library has none.
  template <class Function>
  bool find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  void* symbol(const char* name) const;

  void* handle_ = nullptr;
  std::string name_, error_;
};

}  // namespace qgemm::cuda
