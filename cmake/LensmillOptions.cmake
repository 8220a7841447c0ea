# Compile options of the whole project, carried by one interface target.
option(LENSMILL_BUILD_TESTS "Build the test suite" ON)
option(LENSMILL_BUILD_BENCH "Build the benchmarks in tests/bench" OFF)
option(LENSMILL_FIELD "Build `lensmill field` (needs FFTW3-MPI of the MPI in use)" ON)
option(LENSMILL_CONTRACTS "Check programmers' contracts (EXPECT, ENSURE)" OFF)
option(LENSMILL_WERROR "Treat warnings as errors" OFF)
option(LENSMILL_COVERAGE "Count executed lines (gcov)" OFF)
set(LENSMILL_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

find_program(LENSMILL_CCACHE ccache)
if(LENSMILL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths are hashed relative to the source, so that a second clone finds what the first
  # one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
    CCACHE_NOHASHDIR=true "${LENSMILL_CCACHE}")
endif()

add_library(lensmill_options INTERFACE)
add_library(lensmill::options ALIAS lensmill_options)
# Contraction is left to explicit fma calls: the same source must give the same bits
# whichever way the compiler schedules it. Nobody reads errno or traps after a square
# root or a comparison here, and both keep loops scalar.
target_compile_options(lensmill_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  # clang takes double{x} for an implicit conversion.
  $<$<CXX_COMPILER_ID:GNU>:-Wdouble-promotion>
  -ffp-contract=off -fno-math-errno -fno-trapping-math)
if(LENSMILL_WERROR)
  target_compile_options(lensmill_options INTERFACE -Werror)
endif()
target_compile_definitions(lensmill_options INTERFACE
  LENSMILL_CONTRACTS=$<BOOL:${LENSMILL_CONTRACTS}>)
target_include_directories(lensmill_options INTERFACE "${PROJECT_SOURCE_DIR}")
if(LENSMILL_COVERAGE)
  # Ranks of one MPI program write the same counts.
  target_compile_options(lensmill_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(lensmill_options INTERFACE --coverage)
endif()
if(LENSMILL_SANITIZE)
  target_compile_options(lensmill_options INTERFACE
    -fsanitize=${LENSMILL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(lensmill_options INTERFACE -fsanitize=${LENSMILL_SANITIZE})
endif()
