# Links what advise links: it must build and run where no engine does.
qgemm_test(advise_test SOURCES advise_accuracy_test.cpp advise_test.cpp advise_model_test.cpp advise_runs.cpp kept_advice_test.cpp
           LINKS qgemm_advise "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
target_compile_definitions(advise_test PRIVATE QGEMM_MEASUREMENTS="${PROJECT_SOURCE_DIR}/docs/measurements"
                                               QGEMM_MODELS="${PROJECT_SOURCE_DIR}/data/models")
