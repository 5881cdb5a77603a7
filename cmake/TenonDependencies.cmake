# SPDX-License-Identifier: Apache-2.0
#
# Finds what Tenon is built from. All of it comes from the distribution's packages (requirements/apt-*.txt) or from the
# virtual environment (requirements/*.txt); nothing is downloaded while configuring.

# The virtual environment that `make setup` fills holds oneDNN (headers, library, CMake files) and nanobind. Under pip
# (SKBUILD) the environment is pip's own, and its Python is given on the command line.
set(TENON_VENV "${PROJECT_SOURCE_DIR}/.venv" CACHE PATH "Virtual environment with the pinned Python packages")
if(IS_DIRECTORY "${TENON_VENV}" AND NOT SKBUILD)
  list(PREPEND CMAKE_PREFIX_PATH "${TENON_VENV}")
  set(Python_ROOT_DIR "${TENON_VENV}")
  set(Python_FIND_VIRTUALENV ONLY)
endif()
if(TENON_BUILD_PYTHON)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir OUTPUT_STRIP_TRAILING_WHITESPACE
                  OUTPUT_VARIABLE nanobind_ROOT COMMAND_ERROR_IS_FATAL ANY)
  find_package(nanobind CONFIG REQUIRED)
  cmake_path(APPEND nanobind_ROOT "../../../../.." OUTPUT_VARIABLE python_prefix)
  list(APPEND CMAKE_PREFIX_PATH "${python_prefix}")
endif()

# ccache, told to see paths relative to the source folder, so that clones of the repository share its hits.
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TENON_CCACHE ccache)
  if(TENON_CCACHE)
    set(launcher env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${TENON_CCACHE}")
    if(TENON_PCH)
      list(INSERT launcher 1 CCACHE_SLOPPINESS=pch_defines,time_macros)
    endif()
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  endif()
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(dnnl 3.2 CONFIG REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(TENON_LIBZIP_INCLUDE zip.h REQUIRED)
find_library(TENON_LIBZIP_LIBRARY zip REQUIRED)
find_path(TENON_PROTOZERO_INCLUDE protozero/pbf_reader.hpp REQUIRED)
find_path(TENON_RE2_INCLUDE re2/re2.h REQUIRED)
find_library(TENON_RE2_LIBRARY re2 REQUIRED)
find_path(TENON_SODIUM_INCLUDE sodium.h REQUIRED)
find_library(TENON_SODIUM_LIBRARY sodium REQUIRED)
find_path(TENON_STB_INCLUDE stb/stb_image.h REQUIRED)
find_path(TENON_FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)
find_program(TENON_FLATC flatc REQUIRED)
find_package(LLVM 19.1 CONFIG QUIET)
if(LLVM_FOUND)
  separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")
elseif(TENON_BUILD_TESTS)
  message(FATAL_ERROR "LLVM 19.1 (llvm-19-dev) is not there; the tests need it, since they compile formulas")
else()
  message(STATUS "LLVM 19.1 is not there: formulas will be interpreted")
endif()
find_path(TENON_XXHASH_INCLUDE xxhash.h REQUIRED)
if(TENON_BUILD_CLI)
  find_package(CLI11 REQUIRED)
endif()
if(TENON_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
if(TENON_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
# Parallel loops run on the OpenMP runtime that oneDNN uses, so that the two never fight for the cores.
add_library(tenon_openmp INTERFACE)
if(TENON_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  target_link_libraries(tenon_openmp INTERFACE OpenMP::OpenMP_CXX)
else()
  target_compile_options(tenon_openmp INTERFACE -Wno-unknown-pragmas)
endif()
add_library(tenon::openmp ALIAS tenon_openmp)

# Packages that bring no usable CMake target of their own (libzip's own CMake file insists on its command line tools).
add_library(tenon_libzip INTERFACE)
target_include_directories(tenon_libzip SYSTEM INTERFACE "${TENON_LIBZIP_INCLUDE}")
target_link_libraries(tenon_libzip INTERFACE "${TENON_LIBZIP_LIBRARY}")
add_library(tenon::libzip ALIAS tenon_libzip)

add_library(tenon_protozero INTERFACE)
target_include_directories(tenon_protozero SYSTEM INTERFACE "${TENON_PROTOZERO_INCLUDE}")
add_library(tenon::protozero ALIAS tenon_protozero)

add_library(tenon_re2 INTERFACE)
target_include_directories(tenon_re2 SYSTEM INTERFACE "${TENON_RE2_INCLUDE}")
target_link_libraries(tenon_re2 INTERFACE "${TENON_RE2_LIBRARY}")
add_library(tenon::re2 ALIAS tenon_re2)

add_library(tenon_sodium INTERFACE)
target_include_directories(tenon_sodium SYSTEM INTERFACE "${TENON_SODIUM_INCLUDE}")
target_link_libraries(tenon_sodium INTERFACE "${TENON_SODIUM_LIBRARY}")
add_library(tenon::sodium ALIAS tenon_sodium)

add_library(tenon_stb INTERFACE)
target_include_directories(tenon_stb SYSTEM INTERFACE "${TENON_STB_INCLUDE}")
add_library(tenon::stb ALIAS tenon_stb)

add_library(tenon_flatbuffers INTERFACE)
target_include_directories(tenon_flatbuffers SYSTEM INTERFACE "${TENON_FLATBUFFERS_INCLUDE}")
add_library(tenon::flatbuffers ALIAS tenon_flatbuffers)

# Used header-only: nothing is linked.
add_library(tenon_xxhash INTERFACE)
target_include_directories(tenon_xxhash SYSTEM INTERFACE "${TENON_XXHASH_INCLUDE}")
add_library(tenon::xxhash ALIAS tenon_xxhash)

# LLVM's one shared library, which brings no CMake target with include folders.
if(LLVM_FOUND)
  add_library(tenon_llvm INTERFACE)
  target_include_directories(tenon_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
  target_compile_definitions(tenon_llvm INTERFACE ${LLVM_DEFINITIONS_LIST})
  target_link_libraries(tenon_llvm INTERFACE LLVM)
  add_library(tenon::llvm ALIAS tenon_llvm)
endif()
