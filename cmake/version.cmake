# The version and the git revision as functions of the library (include/qgemm/version.hpp). The revision is asked for at
# every build, not at configure time, so that a saved result names the sources that were compiled; the file is written
# only where it changed, so that asking costs no recompilation.
#
# qgemm_version_source(TARGET TEMPLATE) adds the generated source to the target. Called in the target's own folder.
function(qgemm_version_source target template)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/version.cpp")
  find_package(Git QUIET)
  add_custom_target(
    qgemm_version
    BYPRODUCTS "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DTEMPLATE=${CMAKE_CURRENT_SOURCE_DIR}/${template}" "-DOUTPUT=${output}"
            "-DQGEMM_VERSION=${PROJECT_VERSION}" "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}" "-DGIT=${GIT_EXECUTABLE}" -P
            "${PROJECT_SOURCE_DIR}/cmake/write_version.cmake"
    COMMENT "Asking git for the revision"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
  add_dependencies(${target} qgemm_version)
endfunction()
