// SPDX-License-Identifier: Apache-2.0
#include "backends/kernel.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const Backend*> backends;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

const Backend* find(Registry& all, std::string_view name) {
  const auto found =
      std::find_if(all.backends.begin(), all.backends.end(), [&](const Backend* b) { return b->name == name; });
  return found == all.backends.end() ? nullptr : *found;
}

/// The first kernel of `backend` that takes the problem; the others' reasons go to `chosen`.
bool choose_from(const Backend& backend, const Problem& problem, ChosenKernel& chosen) {
  for (const KernelEntry& entry : backend.kernels(problem.node.op())) {
    Verdict verdict = entry.accepts(problem);
    if (verdict.ok) {
      chosen.kernel = entry.create(problem);
      if (chosen.kernel) {
        chosen.name = fmt::format("{}.{}", backend.name, entry.name);
        return true;
      }
      verdict = Verdict::no("the library has no implementation for it");
    }
    chosen.rejections.push_back(fmt::format("{}.{}: {}", backend.name, entry.name, verdict.reason));
  }
  return false;
}

}  // namespace

void register_backend(const Backend& backend) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.backends, [&](const Backend* known) { return known->name == backend.name; });
  all.backends.push_back(&backend);
}

const Backend& find_backend(std::string_view name) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  if (const Backend* found = find(all, name)) return *found;
  std::string known;
  for (const Backend* backend : all.backends) known += fmt::format("{}'{}'", known.empty() ? "" : ", ", backend->name);
  throw Error(ErrorCode::kNotFound, fmt::format("there is no backend '{}'; there are: {}", name, known));
}

ChosenKernel choose_kernel(const Backend& backend, const Problem& problem) {
  const auto describe = [&] {
    return fmt::format("while choosing a kernel for {} '{}'", problem.node.op(), problem.node.name());
  };
  return with_context(
      [&] {
        ChosenKernel chosen;
        if (choose_from(backend, problem, chosen)) return chosen;
        const Backend& reference = find_backend("reference");
        if (&reference != &backend && choose_from(reference, problem, chosen)) return chosen;
        std::string reasons;
        for (const std::string& reason : chosen.rejections) reasons += "\n  " + reason;
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("{} '{}': no kernel takes it; the backends' answers:{}", problem.node.op(),
                                problem.node.name(), reasons.empty() ? " none has the operator" : reasons));
      },
      describe);
}

}  // namespace tenon
