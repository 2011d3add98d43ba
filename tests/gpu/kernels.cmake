qgemm_gpu_test(kernels_test SOURCES kernels_test.cu LINKS qgemm_kernels)
