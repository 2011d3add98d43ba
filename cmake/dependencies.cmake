# What qgemm stands on. scripts/setup installs all of it; a missing one is named with that remedy.

find_package(Threads REQUIRED)
if(NOT QGEMM_FUZZ)  # whose rooms have no loop for it, and clang's is a package of its own
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()
find_package(fmt QUIET)
find_package(nlohmann_json QUIET)
find_package(CLI11 QUIET)
foreach(package fmt nlohmann_json CLI11)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found; run scripts/setup, which installs it.")
  endif()
endforeach()

set(QGEMM_HAVE_ONEDNN OFF)
if(QGEMM_ONEDNN)
  find_package(DNNL QUIET MODULE)
  if(DNNL_FOUND)
    set(QGEMM_HAVE_ONEDNN ON)
    message(STATUS "oneDNN ${DNNL_VERSION}: ${DNNL_LIBRARY}")
  else()
    message(STATUS "oneDNN was not found: building without the onednn engine (scripts/setup installs it)")
  endif()
endif()

# SQLite keeps the history of runs. 3.31 is the first that can be told not to trust a file.
set(QGEMM_HAVE_SQLITE OFF)
if(QGEMM_SQLITE)
  find_package(SQLite3 3.31 QUIET)
  if(SQLite3_FOUND)
    set(QGEMM_HAVE_SQLITE ON)
    message(STATUS "SQLite ${SQLite3_VERSION}: ${SQLite3_LIBRARIES}")
  else()
    message(STATUS "SQLite was not found: building without the history of runs (scripts/setup installs it)")
  endif()
endif()

# Chart.js draws the HTML report's charts; the page holds a copy of it. Debian's package has one file of it, whose name
# changes with its version.
find_file(QGEMM_CHARTJS NAMES chart.umd.min.js chart.umd.js chart.min.js Chart.min.js
          PATH_SUFFIXES share/javascript/chart.js share/nodejs/chart.js/dist PATHS /usr /usr/local
          DOC "Chart.js 3.6 or later as one script, for the HTML report")
set(QGEMM_HAVE_CHARTJS OFF)
if(QGEMM_CHARTJS)
  file(READ "${QGEMM_CHARTJS}" chartjs_head LIMIT 400)
  if(chartjs_head MATCHES "Chart\\.js v([0-9.]+)" AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL 3.6)
    set(QGEMM_HAVE_CHARTJS ON)
    message(STATUS "Chart.js ${CMAKE_MATCH_1}: ${QGEMM_CHARTJS}")
  else()
    message(STATUS "${QGEMM_CHARTJS} is no Chart.js from 3.6 on: building without the HTML report")
  endif()
else()
  message(STATUS "Chart.js was not found: building without the HTML report (scripts/setup installs it)")
endif()

if(QGEMM_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(FATAL_ERROR "GoogleTest was not found; run scripts/setup --with-tests, which installs it, or set "
                        "QGEMM_TESTS=OFF.")
  endif()
endif()
