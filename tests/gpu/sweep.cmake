qgemm_gpu_test(gpu_sweep_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/sweep_test.cpp
                                      ${CMAKE_CURRENT_LIST_DIR}/sweep_weights_test.cpp
               LINKS qgemm_run)
