# How every library, tool and unit test of Weft is built: warnings, sanitizers,
# the precompiled headers of MLIR, and one call per kind of target.

add_library(weft_options INTERFACE)
target_include_directories(weft_options INTERFACE
  "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}/include")
target_compile_options(weft_options INTERFACE -Wall -Wextra -Wno-unused-parameter)
if(WEFT_WERROR)
  target_compile_options(weft_options INTERFACE -Werror)
endif()
# The simulator promises the same bits on every host: no contraction of a*b+c
# into a fused operation unless the source asks for it.
target_compile_options(weft_options INTERFACE -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Without this a rebuilt precompiled header defeats ccache.
  target_compile_options(weft_options INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
foreach(sanitizer IN LISTS WEFT_SANITIZE)
  target_compile_options(weft_options INTERFACE -fsanitize=${sanitizer} -fno-omit-frame-pointer)
  target_link_options(weft_options INTERFACE -fsanitize=${sanitizer})
endforeach()
if(WEFT_SANITIZE)
  target_compile_options(weft_options INTERFACE -fno-sanitize-recover=all)
endif()

find_program(WEFT_CCACHE ccache)
if(WEFT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${WEFT_CCACHE})
endif()

# weft_add_library(Name SOURCES a.cpp ... DEPENDS WeftX ...): a library that
# knows nothing of MLIR.
function(weft_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC weft_options ${ARG_DEPENDS})
endfunction()

# weft_add_unittest(Name SOURCES a.cpp ... DEPENDS WeftX ...): a GoogleTest
# binary in test/unit, run by the target check-unit.
function(weft_add_unittest name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE weft_options ${ARG_DEPENDS} GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unittests")
  set_property(GLOBAL APPEND PROPERTY WEFT_UNITTESTS ${name})
endfunction()

if(NOT WEFT_BUILD_MLIR)
  return()
endif()

find_package(MLIR 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(weft_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")

add_library(weft_mlir_options INTERFACE)
target_link_libraries(weft_mlir_options INTERFACE weft_options MLIR LLVM)
target_include_directories(weft_mlir_options SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_definitions(weft_mlir_options INTERFACE ${weft_llvm_definitions})
add_custom_target(weft_tablegen)

# The headers that dominate compile time, compiled once and reused everywhere.
file(WRITE "${CMAKE_BINARY_DIR}/weft_pch.cpp" "// Carries the precompiled headers.\n")
add_library(weft_pch OBJECT "${CMAKE_BINARY_DIR}/weft_pch.cpp")
target_link_libraries(weft_pch PUBLIC weft_mlir_options)
target_precompile_headers(weft_pch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/pch.h")

# weft_tablegen_headers(SUBDIR file.td  -gen-op-decls X.h.inc ...): writes the
# generated files to <build>/include/weft/SUBDIR.
function(weft_tablegen_headers subdir td)
  set(LLVM_TARGET_DEFINITIONS "${CMAKE_CURRENT_SOURCE_DIR}/${td}")
  get_filename_component(stem ${td} NAME_WE)
  set(outputs)
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest out)
    set(flags)
    while(rest)
      list(GET rest 0 next)
      if(NOT next MATCHES "^-")
        break()
      endif()
      list(POP_FRONT rest next)
      list(APPEND flags ${next})
    endwhile()
    set(path "${CMAKE_BINARY_DIR}/include/weft/${subdir}/${out}")
    get_filename_component(dir "${path}" DIRECTORY)
    file(MAKE_DIRECTORY "${dir}")
    add_custom_command(OUTPUT "${path}"
      COMMAND ${MLIR_TABLEGEN_EXE} ${flags} -I "${CMAKE_CURRENT_SOURCE_DIR}" -I "${CMAKE_SOURCE_DIR}/include"
        -I ${MLIR_INCLUDE_DIRS} "${CMAKE_CURRENT_SOURCE_DIR}/${td}" -o "${path}"
        -d "${path}.d" --write-if-changed
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${td}"
      DEPFILE "${path}.d"
      COMMENT "Generating weft/${subdir}/${out}")
    list(APPEND outputs "${path}")
  endwhile()
  string(REPLACE "/" "_" target "weft_gen_${subdir}_${stem}")
  add_custom_target(${target} DEPENDS ${outputs})
  add_dependencies(weft_tablegen ${target})
endfunction()

# weft_add_mlir_library(Name SOURCES a.cpp ... DEPENDS WeftX ...)
function(weft_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC weft_mlir_options ${ARG_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM weft_pch)
  add_dependencies(${name} weft_tablegen)
endfunction()

# weft_add_tool(name SOURCES a.cpp ... DEPENDS WeftX ...)
function(weft_add_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE weft_mlir_options ${ARG_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM weft_pch)
  add_dependencies(${name} weft_tablegen)
  # As the precompiled headers are compiled; an executable would get -fPIE.
  target_compile_options(${name} PRIVATE -fPIC)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  set_property(GLOBAL APPEND PROPERTY WEFT_TOOLS ${name})
endfunction()
