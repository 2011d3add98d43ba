qgemm_test(tuning_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/tuning_file_test.cpp ${CMAKE_CURRENT_LIST_DIR}/tuning_places_test.cpp
                               ${CMAKE_CURRENT_LIST_DIR}/tuning_table_test.cpp
           LINKS qgemm_tuning qgemm_results)
target_compile_definitions(tuning_test PRIVATE QGEMM_TEST_TUNING="${CMAKE_SOURCE_DIR}/data/tuning")
qgemm_test(tune_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/tune_test.cpp LINKS qgemm_run)
