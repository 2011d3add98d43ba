qgemm_test(outliers_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/outliers_test.cpp
                                 ${CMAKE_CURRENT_LIST_DIR}/outliers_schemes_test.cpp
                                 ${CMAKE_CURRENT_LIST_DIR}/outliers_smoothing_test.cpp
           LINKS qgemm_outliers)
