// SPDX-License-Identifier: Apache-2.0
#include "layout.h"

#include "plugin_abi.h"

const struct tenon_layout_row tenon_layout_v1[] = {
#include "layout_rows.h"
};
const size_t tenon_layout_v1_count = sizeof tenon_layout_v1 / sizeof *tenon_layout_v1;
