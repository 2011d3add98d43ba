# The CPU's suite, for a GPU's engines.
qgemm_gpu_test(gpu_exactness_test SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/exactness_test.cpp
                                          ${CMAKE_CURRENT_LIST_DIR}/gpu_engines.cpp
               LINKS qgemm_engines qgemm_accuracy)
