# Build settings and the three target functions every folder uses.

option(RAPPORT_TESTS "Build the tests" ON)
option(RAPPORT_BENCH "Build the benchmarks" ON)
option(RAPPORT_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(RAPPORT_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

if(RAPPORT_SANITIZE)
  add_compile_options(-fsanitize=${RAPPORT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RAPPORT_SANITIZE})
endif()
if(RAPPORT_SANITIZE STREQUAL "thread")
  # Protobuf's map fields have further members where this is defined; Debian's library was
  # built without it, and both must agree.
  add_compile_options(-U__SANITIZE_THREAD__)
endif()

find_package(Threads REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)

# Warnings are errors on our own targets only; generated code is exempt. GCC 12 sees overlaps
# in std::string concatenation that are not there (its bug 105651), hence no -Wrestrict.
add_library(rapport_warnings INTERFACE)
target_compile_options(rapport_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

# rapport_library(NAME [DEPS ...]): all .cc of this folder as one static library.
# Headers are included from the source root: "lib/value/bg_nbd.h".
function(rapport_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  if(sources)
    add_library(${name} STATIC ${sources})
    set(kind PUBLIC)
    target_link_libraries(${name} PRIVATE rapport_warnings)
  else()
    add_library(${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(${name} ${kind} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${kind} ${ARG_DEPS})
endfunction()

# rapport_binary(NAME SOURCES ... DEPS ...)
function(rapport_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} rapport_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# Tells the thread sanitizer about the locks of Abseil, which Debian builds without it.
function(rapport_show_locks name)
  set(file ${PROJECT_SOURCE_DIR}/tests/support/tsan/mutex.cc)
  target_sources(${name} PRIVATE ${file})
  file(STRINGS ${file} lines REGEX "^RAPPORT_(AFTER|BEFORE|AROUND)\\(")
  foreach(line ${lines})
    string(REGEX REPLACE "^RAPPORT_[A-Z]+\\((.*)\\)$" "\\1" symbol ${line})
    target_link_options(${name} PRIVATE -Wl,--wrap=${symbol})
  endforeach()
endfunction()

# rapport_test(NAME DEPS ...): all *_test.cc of this folder as one test program;
# every case becomes a ctest case.
function(rapport_test name)
  cmake_parse_arguments(ARG "" "" "DEPS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
  if(NOT sources)
    return()
  endif()
  rapport_binary(${name} SOURCES ${sources}
    DEPS ${ARG_DEPS} rapport_test_support GTest::gtest GTest::gmock GTest::gtest_main)
  if(RAPPORT_SANITIZE STREQUAL "thread")
    rapport_show_locks(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
endfunction()
