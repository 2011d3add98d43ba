qgemm_test(quantize_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/quantize_test.cpp LINKS qgemm_quantize)
