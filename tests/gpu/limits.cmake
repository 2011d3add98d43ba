qgemm_gpu_test(gpu_limits_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/limits_test.cpp LINKS qgemm_limits_cuda)
