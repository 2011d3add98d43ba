# How everything is compiled, whatever the room.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 11)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} is too old for C++20; g++ 11 or later is needed (set CXX).")
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
include(GNUInstallDirs)

# Scales and biases are multiplied and added in float32 with one rounding each, on every machine: a fused
# multiply-add that only some CPUs have would give other bits.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)

# Every room is compiled so that libFuzzer sees which of its branches an input takes; tests/fuzz links the driver.
if(QGEMM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "QGEMM_FUZZ needs clang, for its libFuzzer, and this is ${CMAKE_CXX_COMPILER_ID}: run scripts/fuzz, or "
                        "configure a new folder with -DCMAKE_CXX_COMPILER=clang++ (scripts/setup --dev installs it).")
  endif()
  if(NOT QGEMM_SANITIZE)
    set(QGEMM_SANITIZE address,undefined)
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  set(QGEMM_CUDA OFF)
  set(QGEMM_ONEDNN OFF)
  set(QGEMM_TESTS OFF)
endif()

if(QGEMM_SANITIZE)
  add_compile_options(-fsanitize=${QGEMM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${QGEMM_SANITIZE})
endif()

find_program(QGEMM_CCACHE ccache)
if(QGEMM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${QGEMM_CCACHE}")
endif()
if(QGEMM_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${QGEMM_CCACHE}")
endif()
