# Every public header compiles alone, twice included, with no room's folder in sight: who uses the library may include
# any of them first, and has only include/.
file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/include/qgemm/*.hpp")
set(header_sources)
foreach(header ${headers})
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" unit "${header}")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND header_sources "${source}")
endforeach()
add_library(qgemm_header_tests OBJECT ${header_sources})
target_include_directories(qgemm_header_tests PRIVATE "${PROJECT_SOURCE_DIR}/include")
target_compile_features(qgemm_header_tests PRIVATE cxx_std_20)
target_compile_options(qgemm_header_tests PRIVATE -Wall -Wextra -Werror)
