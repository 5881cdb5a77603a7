# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` lays down, and the package that `find_package(tenon)` finds there.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")

# Plugin authors need headers only; tenon_add_plugin() in TenonPlugin.cmake does the rest.
add_library(tenon_plugin INTERFACE)
add_library(tenon::plugin ALIAS tenon_plugin)
target_compile_features(tenon_plugin INTERFACE cxx_std_17)
target_include_directories(tenon_plugin INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

set_target_properties(tenon_shared PROPERTIES EXPORT_NAME tenon)
set_target_properties(tenon_runtime_shared PROPERTIES EXPORT_NAME runtime)
set_target_properties(tenon_plugin PROPERTIES EXPORT_NAME plugin)

install(TARGETS tenon_shared tenon_runtime_shared tenon_plugin EXPORT tenonTargets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/tenon" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT tenonTargets NAMESPACE tenon:: DESTINATION "${package_dir}")

# oneDNN out of the virtual environment goes along, so that the installed tree stands on its own. (In a wheel it is a
# dependency, and a distribution's own oneDNN is found by itself.)
get_target_property(dnnl_location DNNL::dnnl IMPORTED_LOCATION_RELEASE)
cmake_path(IS_PREFIX TENON_VENV "${dnnl_location}" dnnl_is_ours)
if(dnnl_is_ours AND NOT SKBUILD)
  install(FILES "${dnnl_location}" RENAME "$<TARGET_SONAME_FILE_NAME:DNNL::dnnl>" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tenonConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/tenonConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tenonConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tenonConfig.cmake" "${PROJECT_BINARY_DIR}/tenonConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/TenonPlugin.cmake"
        DESTINATION "${package_dir}")
