# Run at build time by cmake/version.cmake: fills TEMPLATE into OUTPUT where that changes it.
set(QGEMM_GIT_REVISION "unknown")
# Only this project's own repository counts: an unpacked release can lie inside another one.
if(GIT AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(
    COMMAND "${GIT}" -C "${SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE revision
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    RESULT_VARIABLE status)
  if(status EQUAL 0 AND revision)
    set(QGEMM_GIT_REVISION "${revision}")
  endif()
endif()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
