# SPDX-License-Identifier: Apache-2.0

# tenon_add_plugin(<name> <source>...)
#
# A plugin lib<name>.so: a module of layers for Tenon to load. It needs Tenon's headers and links nothing of Tenon.
function(tenon_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE tenon::plugin)
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()
