qgemm_test(exactness_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/exactness_test.cpp ${CMAKE_CURRENT_LIST_DIR}/cpu_engines.cpp
           LINKS qgemm_engines qgemm_accuracy)
