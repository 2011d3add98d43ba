qgemm_test(results_test SOURCES results_accuracy_test.cpp results_json_test.cpp results_bad_input_test.cpp results_csv_test.cpp
                                results_journal_test.cpp results_limits_store_test.cpp results_write_file_test.cpp results_sample.cpp
           LINKS qgemm_results "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
