qgemm_test(avx512_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/avx512_test.cpp ${CMAKE_CURRENT_LIST_DIR}/avx512_parts_test.cpp
                               ${CMAKE_CURRENT_LIST_DIR}/avx512_tile_test.cpp
           LINKS qgemm_engine_avx512 OpenMP::OpenMP_CXX)
# The same CPU as if it had less.
foreach(isa plain avx2)
  add_test(NAME avx512_as_if_${isa} COMMAND avx512_test)
  set_tests_properties(avx512_as_if_${isa} PROPERTIES ENVIRONMENT "QGEMM_ISA=${isa}")
endforeach()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Kernels of instructions that few CPUs have, compiled once more with those emulated.
  set(emulated_kernels amx_int8 avx2_vnni)
  set(emulated_sources "")
  foreach(isa ${emulated_kernels})
    configure_file(${PROJECT_SOURCE_DIR}/src/engines/avx512/tile_${isa}.cpp tile_${isa}_emulated.cpp COPYONLY)
    list(APPEND emulated_sources ${CMAKE_CURRENT_BINARY_DIR}/tile_${isa}_emulated.cpp)
  endforeach()
  set_source_files_properties(${emulated_sources} PROPERTIES COMPILE_OPTIONS
    "-mavx2;-include;${CMAKE_CURRENT_LIST_DIR}/tile_emulation.hpp")
  qgemm_test(avx512_emulated_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/avx512_emulated_test.cpp ${emulated_sources}
             LINKS qgemm_engine_avx512)
endif()

# Sanitizers instrument every object with symbols of their own.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT QGEMM_SANITIZE)
  foreach(isa amx_int8 avx512_vnni avx2_vnni avx2)
    add_test(NAME isa_symbols_tile_${isa} COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_isa_symbols ${CMAKE_NM}
             "$<TARGET_OBJECTS:qgemm_engine_avx512>" tile_${isa}.cpp)
  endforeach()
endif()
