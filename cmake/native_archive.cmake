# libtrapeze_native.a: the runtime of native executables in one file, all that an object of `trapeze compile --emit=obj`
# needs beside the C++ library: the rooms without compilers, WASI, a `main` that is taken where the program has none, the
# functions of fmt and libsodium that they use. Without debugging information, which would be most of it and slow each
# link down.
file(GLOB native_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/native/*.cpp)
add_library(trapeze_native STATIC ${native_sources} ${CMAKE_SOURCE_DIR}/src/cli/report.cpp
            ${CMAKE_SOURCE_DIR}/src/cli/program.cpp)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/cli/native/fmt.cpp PROPERTIES COMPILE_OPTIONS -fno-inline)
set_target_properties(trapeze_native PROPERTIES ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_compile_options(trapeze_native PRIVATE -ffunction-sections -fdata-sections)
target_include_directories(trapeze_native PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(trapeze_native PRIVATE fmt::fmt-header-only)
foreach(room base wasm decode validate abi image os unwind runtime api wasi native_c)
  target_sources(trapeze_native PRIVATE $<TARGET_OBJECTS:trapeze_${room}>)
endforeach()

# Of libsodium what seals need, as one object whose other names are its own.
if(TRAPEZE_SODIUM_LIBRARY MATCHES "\\.a$")
  set(sodium_functions crypto_generichash crypto_generichash_init crypto_generichash_update crypto_generichash_final
      sodium_memcmp)
  list(TRANSFORM sodium_functions PREPEND "--undefined=" OUTPUT_VARIABLE wanted)
  list(TRANSFORM sodium_functions PREPEND "--keep-global-symbol=" OUTPUT_VARIABLE kept)
  set(sodium_object ${CMAKE_BINARY_DIR}/native_sodium.o)
  add_custom_command(OUTPUT ${sodium_object}
    COMMAND ${CMAKE_LINKER} -r -o ${sodium_object} ${wanted} ${TRAPEZE_SODIUM_LIBRARY}
    COMMAND ${CMAKE_OBJCOPY} ${kept} ${sodium_object}
    DEPENDS ${TRAPEZE_SODIUM_LIBRARY} VERBATIM)
  set_source_files_properties(${sodium_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  target_sources(trapeze_native PRIVATE ${sodium_object})
else()
  message(STATUS "libsodium.a is not installed: native executables have to be linked with -lsodium")
endif()
if(NOT TRAPEZE_SANITIZE)
  add_custom_command(TARGET trapeze_native POST_BUILD COMMAND ${CMAKE_STRIP} --strip-debug $<TARGET_FILE:trapeze_native>)
endif()
