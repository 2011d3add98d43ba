# One static library a folder of src/ ("a room"). Each has an include directory of its own in which only its own folder
# can be seen, under its name, so `#include "core/case.hpp"` compiles only where core is linked.
#
# qgemm_room(NAME [TEXT] [PROGRAM_ONLY] [PATH path/below/src] SOURCES file… [LINKS room…] [USES target…]
#            [CUDA_ARCHS arch…])
#   LINKS: other rooms whose headers this one includes (public). USES: external targets (private).
#   TEXT: it reads and writes text and has no loop worth optimizing: see qgemm_compile_quickly.
#   PROGRAM_ONLY: no part of the installed library.
#   CUDA_ARCHS: what its .cu files are compiled for (QGEMM_ANY_ARCHS and its like); only rooms of the CUDA part have any.
function(qgemm_room name)
  cmake_parse_arguments(ROOM "TEXT;PROGRAM_ONLY" "PATH" "SOURCES;LINKS;USES;CUDA_ARCHS" ${ARGN})
  if(NOT ROOM_PATH)
    set(ROOM_PATH ${name})
  endif()
  set(target qgemm_${name})
  set(view "${CMAKE_BINARY_DIR}/rooms/${name}")
  get_filename_component(parent "${view}/${ROOM_PATH}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/src/${ROOM_PATH}" "${view}/${ROOM_PATH}" SYMBOLIC)

  add_library(${target} STATIC ${ROOM_SOURCES})
  add_library(qgemm::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>"
                                              "$<BUILD_INTERFACE:${view}>"
                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:qgemm_warnings>")
  if(ROOM_CUDA_ARCHS)
    set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES "${ROOM_CUDA_ARCHS}")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)
  endif()
  if(ROOM_TEXT)
    qgemm_compile_quickly(${target})
  endif()
  foreach(room ${ROOM_LINKS})
    target_link_libraries(${target} PUBLIC qgemm_${room})
  endforeach()
  foreach(used ${ROOM_USES})
    target_link_libraries(${target} PRIVATE ${used})
  endforeach()
  if(NOT ROOM_PROGRAM_ONLY)
    set_property(GLOBAL APPEND PROPERTY QGEMM_ROOMS ${target})
  endif()
endfunction()

# The templates of the text rooms and of the tests are most of what compiling takes. -O1 in place of -O3 saves a third of
# it, -O0 under the sanitizers (a Debug build) half.
function(qgemm_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CONFIG:Debug>:-O0>)
endfunction()
