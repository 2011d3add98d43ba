# See CMakeLists.txt beside this file.
cmake_minimum_required(VERSION 3.22)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed with ${status}: ${command}")
  endif()
endfunction()

# Nothing of the checkout or of an earlier run may help.
file(REMOVE_RECURSE "${WORK_DIR}")
unset(ENV{QGEMM_DATA_DIR})
set(prefix "${WORK_DIR}/prefix")

run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

# A header that includes one which is not installed would still be found through the checkout if it named its path.
file(GLOB_RECURSE installed "${prefix}/*")
list(LENGTH installed count)
message(STATUS "installed ${count} files")

set(options "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}")
if(SANITIZE)
  list(APPEND options "-DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}")
endif()
if(TOOLCHAIN)
  list(APPEND options "-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}" "-DCMAKE_FIND_ROOT_PATH=${prefix}")
endif()
run("${CMAKE_COMMAND}" -S "${CONSUMER_DIR}" -B "${WORK_DIR}/build" -G "${GENERATOR}" ${options})
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")
run(${EMULATOR} "${WORK_DIR}/build/consumer")

if(EXISTS "${prefix}/bin/qgemm")
  run(${EMULATOR} "${prefix}/bin/qgemm" --version)
  # The catalogue comes from the installed share/, wherever the prefix is.
  run(${EMULATOR} "${prefix}/bin/qgemm" list models)
endif()
