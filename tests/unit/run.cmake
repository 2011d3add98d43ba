qgemm_test(run_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/run_test.cpp ${CMAKE_CURRENT_LIST_DIR}/typical_clock_test.cpp LINKS qgemm_run)
qgemm_test(sweep_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/sweep_test.cpp LINKS qgemm_run)
qgemm_test(product_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/product_test.cpp LINKS qgemm_engines)
qgemm_test(operands_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/operands_test.cpp LINKS qgemm_operands)
