// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything of Tenon's C++ API. To run plans alone, <tenon/engine.h> and the library tenon-runtime are enough.
#include <tenon/compile.h>
#include <tenon/convert.h>
#include <tenon/define_layer.h>
#include <tenon/dtype.h>
#include <tenon/engine.h>
#include <tenon/error.h>
#include <tenon/expr.h>
#include <tenon/expr_call.h>
#include <tenon/expr_functions.h>
#include <tenon/formats.h>
#include <tenon/graph.h>
#include <tenon/plugins.h>
#include <tenon/shape.h>
#include <tenon/signing.h>
#include <tenon/surgery.h>
#include <tenon/tensor.h>
#include <tenon/version.h>
