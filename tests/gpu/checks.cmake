qgemm_gpu_test(checks_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/checks_float_test.cpp
                                   ${CMAKE_CURRENT_LIST_DIR}/checks_integer_test.cpp
                                   ${CMAKE_CURRENT_LIST_DIR}/checks_sample_test.cpp
               LINKS qgemm_accuracy_cuda)
