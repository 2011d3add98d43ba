qgemm_gpu_test(nvml_test SOURCES nvml_test.cpp)
