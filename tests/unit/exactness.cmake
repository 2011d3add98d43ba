qgemm_test(exactness_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/exactness_test.cpp LINKS qgemm_engines qgemm_accuracy)
