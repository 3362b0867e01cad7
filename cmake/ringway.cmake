# How this tree declares its targets. One folder is one target; sources are globbed, not recursively.
#
#   ringway_subdirectory(folder)                     add_subdirectory if the folder has a CMakeLists.txt
#   ringway_library(name [DIR dir] [DEPS target...]) library ringway_<name>, alias ringway::<name>
#   ringway_program(name [DIR dir] [DEPS target...]) program <name>, part of the target `programs`
#   ringway_test(name [DIR dir] [DEPS target...] [LABEL label...] [TIMEOUT seconds] [ONE_PROCESS])
#                                                    GoogleTest binary test_<name>, label `unit` by default; one CTest
#                                                    test for each of its tests, or for all (what they share is costly)
#   ringway_fuzz(name SOURCE file [CORPUS dir] [DEPS target...] [OPTIONS option...])
#                                                    libFuzzer target (with options of libFuzzer), or the replay of
#                                                    its corpus as a test
#   ringway_bench(name [DIR dir] [DEPS target...])   Google Benchmark program bench_<name>
#
# DIR defaults to the folder of the calling CMakeLists.txt; paths are relative to it.

include(GoogleTest)

add_library(ringway_warnings INTERFACE)
target_compile_options(ringway_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees uninitialised members in the alternatives of std::variant that are not there.
  target_compile_options(ringway_warnings INTERFACE -Wno-maybe-uninitialized)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # GCC's -Wconversion does not include this one for C++; both compilers shall ask for the same.
  target_compile_options(ringway_warnings INTERFACE -Wno-sign-conversion)
endif()

add_custom_target(programs)
add_custom_target(fuzzers)

function(ringway_subdirectory folder)
  # A glob, so that the build notices when the file appears.
  file(GLOB list_file CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
  if(list_file)
    add_subdirectory(${folder})
  endif()
endfunction()

# Resolves DIR of the caller's arguments against the calling folder.
function(ringway_resolve_dir out dir)
  if(NOT dir)
    set(dir .)
  endif()
  cmake_path(ABSOLUTE_PATH dir BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE absolute)
  string(REGEX REPLACE "/$" "" absolute "${absolute}")
  set(${out} ${absolute} PARENT_SCOPE)
endfunction()

function(ringway_library name)
  cmake_parse_arguments(arg "" "DIR" "DEPS" ${ARGN})
  ringway_resolve_dir(dir "${arg_DIR}")
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  if(sources)
    add_library(ringway_${name} STATIC ${sources})
    target_include_directories(ringway_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(ringway_${name} PUBLIC ${arg_DEPS} PRIVATE ringway_warnings)
  else()
    add_library(ringway_${name} INTERFACE)
    target_include_directories(ringway_${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(ringway_${name} INTERFACE ${arg_DEPS})
  endif()
  add_library(ringway::${name} ALIAS ringway_${name})
endfunction()

function(ringway_program name)
  cmake_parse_arguments(arg "" "DIR" "DEPS" ${ARGN})
  ringway_resolve_dir(dir "${arg_DIR}")
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ringway_warnings)
  # Scripts and tests find every program in one folder of the build.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  add_dependencies(programs ${name})
endfunction()

function(ringway_test name)
  cmake_parse_arguments(arg "ONE_PROCESS" "DIR;TIMEOUT" "DEPS;LABEL" ${ARGN})
  ringway_resolve_dir(dir "${arg_DIR}")
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cpp)
  if(NOT tests OR RINGWAY_FUZZ)
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_${name} PRIVATE ${arg_DEPS} GTest::gmock_main ringway_warnings)
  # What is tested is optimised; optimising the tests would take a third of the whole build's time.
  target_compile_options(test_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
  if(arg_ONE_PROCESS)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT})
    return()
  endif()
  # gtest_discover_tests of CMake 3.25 hands the properties through three scripts; the list must stay whole in each.
  string(REPLACE ";" [[\\\\\\\;]] labels "${arg_LABEL}")
  gtest_discover_tests(test_${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_PREFIX "${name}/"
    PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT})
endfunction()

function(ringway_fuzz name)
  cmake_parse_arguments(arg "" "SOURCE;CORPUS" "DEPS;OPTIONS" ${ARGN})
  ringway_resolve_dir(source "${arg_SOURCE}")
  ringway_resolve_dir(corpus "${arg_CORPUS}")
  if(RINGWAY_FUZZ)
    add_executable(fuzz_${name} ${source})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    # New inputs go to the build folder (libFuzzer writes to the first corpus it is given), never into the tree.
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found_${name})
    file(MAKE_DIRECTORY ${found})
    set(run fuzz_${name} -max_total_time=${RINGWAY_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
      -print_final_stats=1 -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/crash_${name}_ ${arg_OPTIONS}
      ${found})
    if(arg_CORPUS)
      list(APPEND run ${corpus})
    endif()
    add_test(NAME fuzz/${name} COMMAND ${run})
    math(EXPR timeout "${RINGWAY_FUZZ_SECONDS} + 120")
    set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT ${timeout})
    add_dependencies(fuzzers fuzz_${name})
  else()
    add_executable(replay_${name} ${source} ${PROJECT_SOURCE_DIR}/cmake/fuzz_replay_main.cpp)
    if(arg_CORPUS)
      add_test(NAME replay/${name} COMMAND replay_${name} ${corpus})
    else()
      add_test(NAME replay/${name} COMMAND replay_${name})
    endif()
    set_tests_properties(replay/${name} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  foreach(target IN ITEMS fuzz_${name} replay_${name})
    if(TARGET ${target})
      target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
      target_link_libraries(${target} PRIVATE ${arg_DEPS} ringway_warnings)
    endif()
  endforeach()
endfunction()

function(ringway_bench name)
  cmake_parse_arguments(arg "" "DIR" "DEPS" ${ARGN})
  ringway_resolve_dir(dir "${arg_DIR}")
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  if(NOT sources OR RINGWAY_FUZZ)
    return()
  endif()
  add_executable(bench_${name} ${sources})
  target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(bench_${name} PRIVATE ${arg_DEPS} benchmark::benchmark_main ringway_warnings)
endfunction()
