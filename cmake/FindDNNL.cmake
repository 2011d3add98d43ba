# Finds oneDNN by header and library: its own CMake package asks for OpenCL's headers too, which nothing here needs.
# Installed beside qgemm's CMake package, so that who links the static libraries finds oneDNN where it then is.
#
# Defines the imported target qgemm_dnnl, DNNL_FOUND and DNNL_VERSION.
find_path(DNNL_INCLUDE_DIR dnnl.hpp)
find_library(DNNL_LIBRARY dnnl)
mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)

set(DNNL_VERSION "")
foreach(header oneapi/dnnl/dnnl_version.h dnnl_version.h)
  if(DNNL_INCLUDE_DIR AND EXISTS "${DNNL_INCLUDE_DIR}/${header}" AND NOT DNNL_VERSION)
    file(STRINGS "${DNNL_INCLUDE_DIR}/${header}" lines REGEX "^#define DNNL_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    string(REGEX MATCHALL " [0-9]+" numbers "${lines}")
    string(REPLACE " " "" numbers "${numbers}")
    list(JOIN numbers "." DNNL_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DNNL REQUIRED_VARS DNNL_LIBRARY DNNL_INCLUDE_DIR VERSION_VAR DNNL_VERSION)

if(DNNL_FOUND AND NOT TARGET qgemm_dnnl)
  add_library(qgemm_dnnl INTERFACE IMPORTED)
  set_target_properties(qgemm_dnnl PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${DNNL_INCLUDE_DIR}"
                                              INTERFACE_LINK_LIBRARIES "${DNNL_LIBRARY}")
endif()
