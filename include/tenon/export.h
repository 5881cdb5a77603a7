// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything is compiled with hidden visibility; what users may call is marked TENON_API.

/// Makes a class or function part of the interface of libtenon and libtenon-runtime.
#define TENON_API __attribute__((visibility("default")))
