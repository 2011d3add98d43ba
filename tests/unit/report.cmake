# Links core and results only: reports must build and run where no engine does.
qgemm_test(report_alone_test SOURCES report_accuracy_test.cpp report_table_test.cpp report_markdown_test.cpp report_text_test.cpp
                                     report_conditions_test.cpp report_plot_test.cpp report_html_test.cpp report_exchange_test.cpp report_golden.cpp
                                     results_sample.cpp kept_runs_test.cpp
           LINKS qgemm_report "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
target_compile_definitions(report_alone_test PRIVATE QGEMM_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden"
                                                     QGEMM_MEASUREMENTS="${PROJECT_SOURCE_DIR}/docs/measurements")
