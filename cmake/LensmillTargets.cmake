# lensmill_room(NAME [NEEDS room...] [USES target...])
# One folder under lib/ = one library. NEEDS are rooms its public headers may include;
# USES are third-party targets. tests/check_layers.py holds the includes to this table.
function(lensmill_room name)
  cmake_parse_arguments(ARG "" "" "NEEDS;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp"
    "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.cpp")
  list(TRANSFORM ARG_NEEDS PREPEND "lensmill::")
  if(sources)
    add_library(lensmill_${name} STATIC ${sources})
    target_link_libraries(lensmill_${name}
      PUBLIC lensmill::options ${ARG_NEEDS} ${ARG_USES})
  else()
    add_library(lensmill_${name} INTERFACE)
    target_link_libraries(lensmill_${name}
      INTERFACE lensmill::options ${ARG_NEEDS} ${ARG_USES})
  endif()
  add_library(lensmill::${name} ALIAS lensmill_${name})
endfunction()
