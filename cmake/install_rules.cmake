# What `cmake --install` gives: the program, the public headers, the data, and the rooms as a CMake package of which
# users link qgemm::qgemm.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY QGEMM_ROOMS)

# The library is all the rooms together. (The program has the name qgemm among the build's targets.)
add_library(qgemm_library INTERFACE)
add_library(qgemm::qgemm ALIAS qgemm_library)
set_target_properties(qgemm_library PROPERTIES EXPORT_NAME qgemm)
target_link_libraries(qgemm_library INTERFACE ${rooms})

if(TARGET qgemm)
  install(TARGETS qgemm RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(TARGETS qgemm_library ${rooms} EXPORT qgemm ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/qgemm")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/qgemm" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
foreach(folder models tuning)
  if(EXISTS "${PROJECT_SOURCE_DIR}/data/${folder}")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/data/${folder}" DESTINATION "${CMAKE_INSTALL_DATADIR}/qgemm"
            FILES_MATCHING PATTERN "*.json")
  endif()
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/qgemm")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/qgemmConfig.cmake.in" "${PROJECT_BINARY_DIR}/qgemmConfig.cmake"
                              INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/qgemmConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(EXPORT qgemm NAMESPACE qgemm:: FILE qgemmTargets.cmake DESTINATION "${package_folder}")
install(FILES "${PROJECT_BINARY_DIR}/qgemmConfig.cmake" "${PROJECT_BINARY_DIR}/qgemmConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindDNNL.cmake"
        DESTINATION "${package_folder}")
