# Compiler, linker and sanitizer settings of the whole tree. Warnings are set for each target, in ringway.cmake.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# Assertions stay on in every build: no preset defines NDEBUG.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1")
set(CMAKE_C_FLAGS_SANITIZE "-O1 -g1")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

find_program(RINGWAY_CCACHE ccache)
if(RINGWAY_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${RINGWAY_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RINGWAY_CCACHE})
endif()

find_program(RINGWAY_MOLD mold)
if(RINGWAY_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(RINGWAY_SANITIZE)
  add_compile_options(-fsanitize=${RINGWAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RINGWAY_SANITIZE})
  if(RINGWAY_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC says that it does not follow fences. Boost.Asio has them besides its mutexes, which order the same accesses.
    add_compile_options(-Wno-tsan)
  endif()
endif()

if(RINGWAY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "RINGWAY_FUZZ needs clang: use the preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
