# lensmill_room(NAME [FOLDER dir] [NEEDS room...] [USES target...])
# One folder under lib/ = one library. NEEDS are rooms its public headers may include;
# USES are third-party targets. tests/check_layers.py holds the includes to this table.
# Rooms of LENSMILL_ROOMS_LEFT_OUT are not built, and nobody's need.
function(lensmill_room name)
  cmake_parse_arguments(ARG "" "FOLDER" "NEEDS;USES" ${ARGN})
  if(name IN_LIST LENSMILL_ROOMS_LEFT_OUT)
    return()
  endif()
  if(ARG_NEEDS AND LENSMILL_ROOMS_LEFT_OUT)
    list(REMOVE_ITEM ARG_NEEDS ${LENSMILL_ROOMS_LEFT_OUT})
  endif()
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS
    "${ARG_FOLDER}/*.cpp"
    "${ARG_FOLDER}/*/*.cpp")
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
