if(QGEMM_HAVE_ONEDNN)
  qgemm_test(onednn_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/onednn_test.cpp ${CMAKE_CURRENT_LIST_DIR}/onednn_parts_test.cpp
             LINKS qgemm_engine_onednn qgemm_dnnl OpenMP::OpenMP_CXX)
  # The same CPU as if it had less: an engine that is not exact there has to say so itself.
  foreach(isa AVX2 AVX512_CORE)
    add_test(NAME onednn_as_if_${isa} COMMAND onednn_test)
    set_tests_properties(onednn_as_if_${isa} PROPERTIES ENVIRONMENT "ONEDNN_MAX_CPU_ISA=${isa}")
  endforeach()
endif()
