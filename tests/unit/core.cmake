qgemm_test(core_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/core_test.cpp ${CMAKE_CURRENT_LIST_DIR}/core_buffer_test.cpp LINKS qgemm_core)
qgemm_test(plan_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/plan_test.cpp LINKS qgemm_plan)
qgemm_test(timing_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/timing_test.cpp ${CMAKE_CURRENT_LIST_DIR}/timing_steady_test.cpp ${CMAKE_CURRENT_LIST_DIR}/timing_correlation_test.cpp ${CMAKE_CURRENT_LIST_DIR}/timing_clock_test.cpp LINKS qgemm_timing)
qgemm_test(accuracy_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/accuracy_test.cpp LINKS qgemm_accuracy)
