// SPDX-License-Identifier: Apache-2.0
#include "codegen/code_store.h"

#include "codegen/compile.h"

#include <tenon/error.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace tenon::codegen {

CodeStore::CodeStore(std::vector<KernelCode> stored, bool trusted) : trusted_(trusted) {
  for (KernelCode& kernel : stored) stored_.emplace(kernel.key, std::move(kernel));
}

std::vector<KernelCode> CodeStore::trusted() const {
  std::vector<KernelCode> kernels;
  if (!trusted_) return kernels;
  for (const auto& [key, kernel] : stored_) kernels.push_back(kernel);
  return kernels;
}

std::vector<KernelCode> CodeStore::find(const Program& program, Isa isa) const {
  std::vector<KernelCode> code;
  for (const CompileJob& job : jobs_of(program, {&isa, 1})) {
    const auto found = stored_.find(key_of(job));
    if (found == stored_.end()) return {};
    code.push_back(found->second);
  }
  return code;
}

std::shared_ptr<const Executable> CodeStore::make(const Program& program) {
  const std::span<const Isa> isas = supported_isas();
  bool any = false;  // Stored code that could run here, if it were trusted.
  for (const Isa isa : isas) {
    const std::vector<KernelCode> code = find(program, isa);
    any = any || !code.empty();
    if (trusted_ && !code.empty()) return Executable::load(code);
  }
  if (trusted_ && !stored_.empty()) {
    std::set<std::string_view> stored_isas;
    for (const auto& [key, kernel] : stored_) stored_isas.insert(isa_name(kernel.isa));
    if (std::none_of(isas.begin(), isas.end(), [&](Isa isa) { return stored_isas.contains(isa_name(isa)); })) {
      notices_.insert(
          fmt::format("the plan has code for {}, none of which this processor runs", fmt::join(stored_isas, ", ")));
    }
  }
  try {
    if (isas.empty()) throw Error(ErrorCode::kUnsupported, "code cannot be generated for this kind of processor");
    return Executable::load(compile(jobs_of(program, isas.first(1))));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    notices_.insert(fmt::format(
        "formulas are interpreted, which is slow: {}{}", error.message(),
        any ? "; the plan has their code, which runs when you trust the plan (--trust-key, --trust-code; LoadOptions)"
            : ""));
    return nullptr;
  }
}

std::shared_ptr<const Executable> CodeStore::get(const Program& program) {
  std::string text;
  for (const Kernel& kernel : program.kernels) text += code_text(program, kernel);
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = executables_.try_emplace(std::move(text));
  if (is_new) {
    try {
      entry->second = make(program);
    } catch (...) {
      executables_.erase(entry);
      throw;
    }
  }
  return entry->second;
}

void CodeStore::add_notice(std::string notice) {
  const std::lock_guard lock(mutex_);
  notices_.insert(std::move(notice));
}

std::vector<std::string> CodeStore::notices() const {
  const std::lock_guard lock(mutex_);
  return {notices_.begin(), notices_.end()};
}

std::vector<KernelCode> CodeRecorder::compile() const {
  std::vector<CompileJob> jobs;
  for (const Program& program : programs_) {
    const auto more = jobs_of(program, native_isas());
    jobs.insert(jobs.end(), more.begin(), more.end());
  }
  return codegen::compile(jobs);
}

}  // namespace tenon::codegen
