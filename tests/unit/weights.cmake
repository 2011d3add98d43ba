qgemm_test(weights_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/weights_activations_test.cpp
                                ${CMAKE_CURRENT_LIST_DIR}/weights_checkpoint_test.cpp
                                ${CMAKE_CURRENT_LIST_DIR}/weights_families_test.cpp
                                ${CMAKE_CURRENT_LIST_DIR}/weights_quantized_test.cpp
                                ${CMAKE_CURRENT_LIST_DIR}/weights_read_test.cpp
                                ${CMAKE_CURRENT_LIST_DIR}/weights_safetensors_test.cpp
           LINKS qgemm_weights)
