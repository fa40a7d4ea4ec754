# One function per kind of target, so that a folder's CMakeLists.txt is one call.

# What every target of the project is compiled with.
add_library(arno_options INTERFACE)
target_compile_features(arno_options INTERFACE cxx_std_20)
target_include_directories(arno_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(arno_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-dangling-pointer>
                       $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>
                       $<$<BOOL:${ARNO_WERROR}>:-Werror> $<$<BOOL:${ARNO_NATIVE}>:-march=native>
                       $<$<BOOL:${ARNO_BUILD_FUZZ}>:-fsanitize=fuzzer-no-link>)
if(ARNO_SANITIZE MATCHES "address" AND ARNO_SANITIZE MATCHES "thread")
  message(FATAL_ERROR "ARNO_SANITIZE: 'address' and 'thread' exclude each other")
endif()
if(ARNO_SANITIZE)
  # Instrumented code of the standard library looks uninitialised to GCC.
  target_compile_options(arno_options INTERFACE -fsanitize=${ARNO_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(arno_options INTERFACE -fsanitize=${ARNO_SANITIZE})
endif()

# arno_component(ops SOURCES a.cc b.cc DEPENDS arno::common PRIVATE_DEPENDS DNNL::dnnl)
# makes the static library arno_ops with the alias arno::ops.
function(arno_component name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(arno_${name} STATIC ${ARG_SOURCES})
  add_library(arno::${name} ALIAS arno_${name})
  target_link_libraries(arno_${name} PUBLIC arno_options ${ARG_DEPENDS}
                        PRIVATE ${ARG_PRIVATE_DEPENDS})
endfunction()

# arno_test(io LABEL unit SOURCES a_test.cc DEPENDS arno::io)
# makes the test binary arno_io_test; every TEST in it is one CTest entry "io.<suite>.<test>".
function(arno_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(arno_${name}_test ${ARG_SOURCES})
  target_link_libraries(arno_${name}_test PRIVATE arno_options ${ARG_DEPENDS} GTest::gmock
                        GTest::gtest_main)
  target_compile_definitions(arno_${name}_test
                             PRIVATE ARNO_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data")
  gtest_discover_tests(arno_${name}_test DISCOVERY_TIMEOUT 60 TEST_PREFIX ${name}.
                       PROPERTIES LABELS ${ARG_LABEL} ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
