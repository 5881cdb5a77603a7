# SPDX-License-Identifier: Apache-2.0

# tenon_add_plugin(<name> <source>...)
#
# A plugin lib<name>.so: a module of layers for Tenon to load. It needs Tenon's headers and links nothing of Tenon.
# A layer gives the same bits on every processor: products and sums in its code are not contracted. Loops are unrolled, as
# those of layers often have little in them.
function(tenon_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE tenon::plugin)
  target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off;-funroll-loops>")
  target_compile_definitions(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:TENON_SDK_NO_CONTRACTION>)
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()
