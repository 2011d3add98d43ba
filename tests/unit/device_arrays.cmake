qgemm_test(device_arrays_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/device_arrays_test.cpp LINKS qgemm_device_arrays)
