if(QGEMM_HAVE_CUDA)
  qgemm_test(reference_choice_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/reference_choice_test.cpp LINKS qgemm_kernels)
endif()
if(QGEMM_HAVE_CUDA)
  qgemm_test(kernel_choice_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/kernel_choice_test.cpp ${CMAKE_CURRENT_LIST_DIR}/rank_choices_test.cpp
             ${CMAKE_CURRENT_LIST_DIR}/cost_model_test.cpp
             LINKS qgemm_engine_cutlass)
  target_compile_definitions(kernel_choice_test PRIVATE QGEMM_TEST_TUNING="${CMAKE_SOURCE_DIR}/data/tuning"
    QGEMM_TEST_KERNEL_TIMES="${CMAKE_SOURCE_DIR}/docs/measurements/h200-2026-11-30/kernel-times.csv")
endif()
