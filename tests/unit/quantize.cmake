qgemm_test(quantize_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/quantize_test.cpp LINKS qgemm_quantize)
qgemm_test(exact_division_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/exact_division_test.cpp LINKS qgemm_quantize)
# Ten thousand million divisions: eight at a time.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/exact_division_test.cpp PROPERTIES COMPILE_OPTIONS "-O3")

# Sanitizers instrument every object with symbols of their own.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT QGEMM_SANITIZE)
  foreach(isa avx2 avx512)
    add_test(NAME isa_symbols_${isa} COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_isa_symbols ${CMAKE_NM}
             "$<TARGET_OBJECTS:qgemm_quantize>" row_kernels_${isa})
  endforeach()
endif()
