# Warnings of the project's own targets; errors in the dev, asan and ci presets.
add_library(qgemm_warnings INTERFACE)
target_compile_options(qgemm_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                       -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wunused)
# gcc 12 sees overlapping copies in `"text" + std::to_string(n)` (GCC bug 105651).
target_compile_options(qgemm_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# gcc 13 and later take a reference into an argument for one into a temporary beside it (GCC bug 107532).
target_compile_options(
  qgemm_warnings
  INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-dangling-reference>)
if(QGEMM_WERROR)
  target_compile_options(qgemm_warnings INTERFACE -Werror)
endif()
