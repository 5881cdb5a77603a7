// SPDX-License-Identifier: Apache-2.0
#include <tenon/export.h>

// A shared library that has nothing to do with Tenon.
TENON_API int not_a_plugin(void);
int not_a_plugin(void) { return 1; }
