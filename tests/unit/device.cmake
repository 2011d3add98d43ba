qgemm_test(device_test SOURCES device_files_test.cpp device_cgroup_test.cpp device_info_test.cpp device_team_test.cpp
                               device_load_test.cpp
           LINKS qgemm::device OpenMP::OpenMP_CXX)
