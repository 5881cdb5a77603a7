// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>
#include <tenon/plugin_abi.h>

#include <cstdint>
#include <string>
#include <string_view>

// What plugins get from Tenon, and how their failures become errors.
namespace tenon {

/// The table that plugins are loaded with.
[[nodiscard]] const tenon_host& native_host() noexcept;

/// What a plugin reported on this thread since the last call, "" if nothing.
[[nodiscard]] std::string take_report();

/// Throws unless `status` is TENON_STATUS_OK: the error it stands for with the reported text, `function` and `origin`;
/// kInternal for a status that does not exist.
void require_ok(tenon_status status, std::string_view function, std::string_view origin);

/// How many threads a layer may use that is called on this one.
[[nodiscard]] int threads_of_this_run() noexcept;

/// tenon_host::parallel_for.
tenon_status host_parallel_for(int64_t count, int64_t grain,
                               tenon_status (*body)(void* context, int64_t begin, int64_t end), void* context) noexcept;

}  // namespace tenon
