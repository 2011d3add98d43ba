qgemm_gpu_test(gpu_testbed_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/testbed_test.cu LINKS qgemm_testbed_cuda)
