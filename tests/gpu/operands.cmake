qgemm_gpu_test(gpu_operands_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/operands_test.cpp LINKS qgemm_operands_cuda)
