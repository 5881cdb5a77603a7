// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "plan/plan.h"

#include <tenon/engine.h>

// What the public interface offers for looking at plan files without running them.
namespace tenon {

bool is_plan_file(const std::string& path) { return looks_like_plan(*MappedFile::open(path)); }

Graph plan_graph(const std::string& path) { return read_plan(MappedFile::open(path)).graph; }

}  // namespace tenon
