qgemm_test(quantize_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/quantize_test.cpp LINKS qgemm_quantize)

# Sanitizers instrument every object with symbols of their own.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT QGEMM_SANITIZE)
  foreach(isa avx2 avx512)
    add_test(NAME isa_symbols_${isa} COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_isa_symbols ${CMAKE_NM}
             "$<TARGET_OBJECTS:qgemm_quantize>" row_kernels_${isa})
  endforeach()
endif()
