// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

// Where the members of plugin_abi.h lie and what its numbers are: once as it is now, once as version 1 had it.
#ifdef __cplusplus
extern "C" {
#endif

// A member: its offset and size. A struct: 0 and its size; "grows " before the name of those that may. A number: its
// value.
struct tenon_layout_row {
  const char* name;
  int64_t value;
  size_t size;
};
extern const struct tenon_layout_row tenon_layout_now[];
extern const size_t tenon_layout_now_count;
extern const struct tenon_layout_row tenon_layout_v1[];
extern const size_t tenon_layout_v1_count;

#ifdef __cplusplus
}
#endif
