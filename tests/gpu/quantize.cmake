qgemm_gpu_test(gpu_quantize_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/quantize_test.cpp
               ${CMAKE_CURRENT_LIST_DIR}/quantize_weights_test.cpp LINKS qgemm_quantize_cuda)
