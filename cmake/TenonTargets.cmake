# SPDX-License-Identifier: Apache-2.0
#
# The functions with which every folder describes itself, and the two INTERFACE targets with everybody's flags.

# Warnings. They are errors in the dev and asan presets (CMAKE_COMPILE_WARNING_AS_ERROR), never in a user's build.
add_library(tenon_warnings INTERFACE)
target_compile_options(tenon_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wundef -Wvla -Wcast-qual
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-overloaded-virtual -Wno-unknown-warning-option>)

# Sanitizers and fuzzing instrumentation, on everything or on nothing.
add_library(tenon_sanitizers INTERFACE)
if(TENON_SANITIZE)
  target_compile_options(tenon_sanitizers INTERFACE
    -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tenon_sanitizers INTERFACE -fsanitize=${TENON_SANITIZE})
endif()
if(TENON_BUILD_FUZZERS)
  target_compile_options(tenon_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Where installed files look for oneDNN, beside their own folder. In a wheel everything lies in
# <prefix>/lib/pythonX.Y/site-packages/tenon/{bin,lib} and oneDNN's wheel puts its library into <prefix>/lib.
set(TENON_WHEEL_RPATH "")
if(SKBUILD)
  set(TENON_WHEEL_RPATH "$ORIGIN/../../../..")
endif()

# tenon_flags(<target>): what every target of ours has in common.
function(tenon_flags target)
  target_link_libraries(${target} PRIVATE tenon_warnings tenon_sanitizers)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# tenon_precompile(<target> [<header>...]): with TENON_PCH, lets the target's sources, which still name each header that
# they need, find the usual ones compiled already: those given, or those of tenon_headers, which are compiled once for
# all such targets and therefore want equal flags.
function(tenon_precompile target)
  if(NOT TENON_PCH)
    return()
  endif()
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # For ccache.
  if(ARGN)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    return()
  endif()
  if(NOT TARGET tenon_headers)
    file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/headers.cpp" CONTENT "")
    add_library(tenon_headers OBJECT "${PROJECT_BINARY_DIR}/headers.cpp")
    tenon_flags(tenon_headers)
    target_include_directories(tenon_headers PRIVATE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(tenon_headers PRIVATE fmt::fmt tenon::openmp)
    tenon_precompile(tenon_headers <algorithm> <fmt/core.h> <functional> <map> <memory> <optional> <set> <string>
      <tenon/tensor.h> <unordered_map> <variant> <vector>)
  endif()
  target_link_libraries(${target} PRIVATE fmt::fmt tenon::openmp)
  target_precompile_headers(${target} REUSE_FROM tenon_headers)
endfunction()

# tenon_resolve(<out> <dep>...): turns folder names ("base", "formats/tensorflow") into their targets and lets anything
# with "::" in it (a third-party target) through. Unknown folders are an error here, not at link time.
function(tenon_resolve out)
  set(targets "")
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "::")
      list(APPEND targets "${dep}")
    else()
      string(REPLACE "/" "_" name "tenon_${dep}")
      if(NOT TARGET ${name})
        message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}: '${dep}' is not a folder of src/ that comes before this one")
      endif()
      list(APPEND targets "${name}")
    endif()
  endforeach()
  set(${out} "${targets}" PARENT_SCOPE)
endfunction()

# tenon_add_library(<folder> SOURCES <file>... [DEPS <dep>...] [PUBLIC_DEPS <dep>...])
#
# The static library tenon_<folder> of src/<folder>: position independent, hidden visibility, seen only inside this
# build. DEPS are used in its sources, PUBLIC_DEPS in its headers too; both are folder names or third-party targets.
# Its objects also go into the shared libraries (see tenon_add_shared_library). A folder without sources of its own (a
# header-only one) leaves SOURCES out.
function(tenon_add_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;PUBLIC_DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_library(${folder}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "/" "_" target "tenon_${folder}")
  tenon_resolve(deps ${arg_DEPS})
  tenon_resolve(public_deps ${arg_PUBLIC_DEPS})
  add_library(${target} STATIC ${arg_SOURCES})
  tenon_flags(${target})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${target} PUBLIC ${public_deps} PRIVATE ${deps})
  tenon_precompile(${target})
  set(third_party ${deps} ${public_deps})
  list(FILTER third_party INCLUDE REGEX "::")
  set_target_properties(${target} PROPERTIES TENON_THIRD_PARTY "${third_party}")
endfunction()

# tenon_add_shared_library(<target> OUTPUT_NAME <name> FOLDERS <folder>...)
#
# Assembles lib<name>.so from the objects of the folders. Exported is what TENON_API marks and nothing else: the
# version script cmake/tenon.map hides the instantiations of standard and third-party templates as well.
function(tenon_add_shared_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_NAME" "FOLDERS")
  tenon_resolve(parts ${arg_FOLDERS})
  set(objects "")
  set(third_party "")
  foreach(part IN LISTS parts)
    list(APPEND objects $<TARGET_OBJECTS:${part}>)
    get_target_property(part_third_party ${part} TENON_THIRD_PARTY)
    list(APPEND third_party ${part_third_party})
  endforeach()
  list(REMOVE_DUPLICATES third_party)
  add_library(${target} SHARED ${objects})
  tenon_flags(${target})
  target_link_libraries(${target} PRIVATE ${third_party})
  target_include_directories(${target} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_compile_features(${target} INTERFACE cxx_std_20)
  set(map "${PROJECT_SOURCE_DIR}/cmake/tenon.map")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${map}" LINKER:--gc-sections)
  if(NOT TENON_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:--no-undefined)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${arg_OUTPUT_NAME}"
    LINKER_LANGUAGE CXX
    LINK_DEPENDS "${map}"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib"
    VERSION "${PROJECT_VERSION}"
    SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
    INSTALL_RPATH "$ORIGIN;${TENON_WHEEL_RPATH}")
endfunction()

# tenon_add_program(<target> OUTPUT_NAME <name> SOURCES <file>... DEPS <dep>...)
#
# A program for users: built into bin/, installed, and finding our libraries in the lib folder beside its own.
function(tenon_add_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_NAME" "SOURCES;DEPS")
  tenon_resolve(deps ${arg_DEPS})
  add_executable(${target} ${arg_SOURCES})
  tenon_flags(${target})
  target_link_libraries(${target} PRIVATE ${deps})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${arg_OUTPUT_NAME}"
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin"
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${TENON_WHEEL_RPATH}")
  install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()

# tenon_add_test(<name> SOURCES <file>... DEPS <dep>... [ENVIRONMENT <var>=<value>...] [TIMEOUT <seconds>])
#
# A GoogleTest program, one CTest test per program. Its label is the folder of tests/ it lies in, so that
# `ctest -L ops` runs one area. Tests link the static libraries and so reach internals.
function(tenon_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPS;ENVIRONMENT")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  tenon_resolve(deps ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  tenon_flags(${name})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ${deps} GTest::gtest GTest::gtest_main)
  tenon_register_test(${name} "${arg_TIMEOUT}" "${arg_ENVIRONMENT}" ${name})
endfunction()

# tenon_register_test(<name> <timeout or ""> <environment or ""> <command>...): add_test with our label and defaults.
function(tenon_register_test name timeout environment)
  add_test(NAME ${name} COMMAND ${ARGN})
  file(RELATIVE_PATH label "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  if(NOT timeout)
    set(timeout 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT "${timeout}" ENVIRONMENT "${environment}")
endfunction()

# tenon_add_fuzzer(<name> SOURCES <file>... DEPS <dep>... CORPUS <folder>)
#
# A fuzz target: a source with LLVMFuzzerTestOneInput. With TENON_BUILD_FUZZERS it is a libFuzzer program; otherwise a
# test that replays the corpus, so that every input once found keeps being tried.
function(tenon_add_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;DEPS")
  tenon_resolve(deps ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  tenon_flags(${name})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ${deps})
  if(TENON_BUILD_FUZZERS)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
    tenon_register_test(${name}_replay "" "" ${name} "${arg_CORPUS}")
  endif()
endfunction()

# tenon_add_flatbuffer(<folder> <schema>.fbs): lets the sources of src/<folder> include "<folder>/<schema>_generated.h".
function(tenon_add_flatbuffer folder schema)
  tenon_resolve(target ${folder})
  get_filename_component(stem "${schema}" NAME_WE)
  set(out_dir "${PROJECT_BINARY_DIR}/generated/${folder}")
  add_custom_command(OUTPUT "${out_dir}/${stem}_generated.h"
    COMMAND "${TENON_FLATC}" --cpp --cpp-std c++17 --scoped-enums -o "${out_dir}" "${CMAKE_CURRENT_SOURCE_DIR}/${schema}"
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${schema}" VERBATIM)
  target_sources(${target} PRIVATE "${out_dir}/${stem}_generated.h")
  target_include_directories(${target} SYSTEM PRIVATE "${PROJECT_BINARY_DIR}/generated")
  target_link_libraries(${target} PRIVATE tenon::flatbuffers)
endfunction()
