// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place that states Tenon's version; CMake and the Python build read it from here.
// Plain C, so that plugins written in C may include it too.

#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0

#define TENON_VERSION_QUOTE(x) #x
#define TENON_VERSION_TEXT(x) TENON_VERSION_QUOTE(x)

/// The version of the headers as text, for example "0.1.0".
#define TENON_VERSION_STRING              \
  TENON_VERSION_TEXT(TENON_VERSION_MAJOR) \
  "." TENON_VERSION_TEXT(TENON_VERSION_MINOR) "." TENON_VERSION_TEXT(TENON_VERSION_PATCH)
