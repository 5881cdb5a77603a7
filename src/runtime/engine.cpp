// SPDX-License-Identifier: Apache-2.0
#include <tenon/engine.h>

#include "base/files.h"
#include "plan/key_file.h"
#include "runtime/builtin_backends.h"
#include "runtime/context_impl.h"
#include "runtime/program.h"
#include "runtime/record_code.h"
#include "runtime/segment.h"
#include "runtime/threads.h"

#include <fmt/core.h>

namespace tenon {
namespace {

std::vector<Port> ports_of(std::span<Value* const> values) {
  std::vector<Port> ports;
  for (const Value* value : values) ports.push_back({value->name(), value->type()});
  return ports;
}

/// Plans for the smallest inputs, which makes the kernels pack their weights. A model may not take extents of 1 (two of
/// its dimensions may have to differ); then packing waits for the first run, whose shapes are the user's.
void pack_weights(const Engine::Impl& engine) {
  const auto dims = input_dims(engine, 1);
  if (!dims) return;
  try {
    const PlanRequest request{.program = engine.program,
                              .backend = find_backend("cpu"),
                              .packed = engine.packed,
                              .code = engine.code,
                              .threads = default_threads()};
    (void)plan_segment(request, initial_values(engine.program, *dims));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kOutOfMemory) throw;
  }
}

// Why the machine code in a plan does not run although there are keys that are trusted.
std::string missing_signature(const std::optional<PublicKey>& signer) {
  return fmt::format("the machine code in the plan does not run: the plan is {}",
                     signer ? fmt::format("signed by {}, which is none of the trusted keys", to_hex(*signer))
                            : "not signed, so no trusted key vouches for it");
}

std::shared_ptr<const Engine::Impl> prepare(Plan plan, bool trust_code, std::string notice = "") {
  register_builtin_backends();
  auto impl = std::make_shared<Engine::Impl>(std::move(plan), trust_code);
  if (!notice.empty()) impl->code.add_notice(std::move(notice));
  pack_weights(*impl);
  return impl;
}

}  // namespace

Engine::Impl::Impl(Plan from, bool trust_code)
    : plan(std::move(from)), program(make_program(plan.graph)), code(plan.code, trust_code) {
  inputs = ports_of(plan.graph.inputs());
  outputs = ports_of(plan.graph.outputs());
  for (const Port& port : inputs) {
    if (port.type.dtype == DType::kUndefined || port.type.dtype == DType::kString) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("the input '{}' has the dtype {} but inputs need one with a size", port.name,
                              dtype_name(port.type.dtype)));
    }
  }
}

Engine Engine::load(const std::string& path, const LoadOptions& options) {
  return with_context(
      [&] {
        const std::vector<PublicKey> keys = read_public_keys(options.trusted_keys);
        SignedPlan read = read_signed_plan(MappedFile::open(path), keys);
        const bool trusted = options.trust_code || read.verified;
        const bool has_reason = !trusted && !keys.empty() && !read.plan.code.empty();
        std::string notice = has_reason ? missing_signature(read.signer) : "";
        return Engine(prepare(std::move(read.plan), trusted, std::move(notice)));
      },
      [&] { return fmt::format("while loading '{}'", path); });
}

Engine::Engine(Plan plan) : Engine(prepare(std::move(plan), false)) {}

std::span<const Port> Engine::inputs() const noexcept { return impl_->inputs; }
std::span<const Port> Engine::outputs() const noexcept { return impl_->outputs; }
void Engine::save(const std::string& path) const { write_plan(impl_->plan, path, code_of(*impl_)); }
const Plan& Engine::plan() const noexcept { return impl_->plan; }
std::vector<std::string> Engine::notices() const { return impl_->code.notices(); }

Context Engine::context(const ContextOptions& options) const {
  return Context(std::make_unique<Context::Impl>(impl_, options));
}

std::vector<Tensor> Engine::run(std::span<const Tensor> inputs) const { return context().run(inputs); }

}  // namespace tenon
