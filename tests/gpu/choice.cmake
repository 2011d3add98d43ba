qgemm_gpu_test(gpu_choice_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/choice_test.cpp LINKS qgemm_engine_cutlass)
