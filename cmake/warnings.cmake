# Warnings of the project's own targets; errors in the dev, asan and ci presets.
add_library(qgemm_warnings INTERFACE)
set(cxx_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                 -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wunused)
target_compile_options(qgemm_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${cxx_warnings}>")
# What nvcc generates for the host compiler is neither pedantic nor without casts.
target_compile_options(qgemm_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall>")
# gcc 12 sees overlapping copies in `"text" + std::to_string(n)` (GCC bug 105651).
target_compile_options(qgemm_warnings INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
# gcc 13 and later take a reference into an argument for one into a temporary beside it (GCC bug 107532).
target_compile_options(
  qgemm_warnings
  INTERFACE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-dangling-reference>)
if(QGEMM_WERROR)
  target_compile_options(qgemm_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>
                                                  $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>)
endif()
