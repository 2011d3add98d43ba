qgemm_test(catalog_test SOURCES catalog_architectures_test.cpp catalog_data_test.cpp catalog_files_test.cpp catalog_config_test.cpp
                                catalog_experts_test.cpp catalog_families_test.cpp catalog_select_test.cpp
           LINKS qgemm::catalog)
target_compile_definitions(catalog_test PRIVATE QGEMM_TEST_MODELS="${CMAKE_SOURCE_DIR}/data/models")
