// SPDX-License-Identifier: Apache-2.0
#include "layout.h"

#include <tenon/plugin_abi.h>

const struct tenon_layout_row tenon_layout_now[] = {
#include "layout_rows.h"
};
const size_t tenon_layout_now_count = sizeof tenon_layout_now / sizeof *tenon_layout_now;
