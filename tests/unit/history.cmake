# Links what history links: it must build and run where no engine does. Without SQLite there is one test, of what is said.
if(QGEMM_HAVE_SQLITE)
  qgemm_test(history_test SOURCES history_faults_test.cpp history_migration_test.cpp history_places_test.cpp
                                  history_processes_test.cpp history_store_test.cpp history_trend_test.cpp
                                  results_sample.cpp
             LINKS qgemm_history SQLite::SQLite3 "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
else()
  qgemm_test(history_test SOURCES history_missing_test.cpp history_places_test.cpp LINKS qgemm_history)
endif()
