qgemm_test(limits_test SOURCES limits_test.cpp limits_kernels_test.cpp LINKS qgemm::limits OpenMP::OpenMP_CXX)
