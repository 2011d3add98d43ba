if(QGEMM_HAVE_CUDA)
  qgemm_test(reference_choice_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/reference_choice_test.cpp LINKS qgemm_kernels)
endif()
