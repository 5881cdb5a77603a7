// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/executable.h"
#include "codegen/loops.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

// Where an engine's kernels get their generated code.
namespace tenon::codegen {

/// What kernels ask for their code.
class CodeSource {
 public:
  virtual ~CodeSource() = default;
  /// The program's kernels, ready to run; null when their code cannot be had.
  [[nodiscard]] virtual std::shared_ptr<const Executable> get(const Program& program) = 0;
};

/// The code that a plan brought along, and code that was generated since: the best instruction set there is, from the
/// plan or else generated. Thread-safe.
class CodeStore final : public CodeSource {
 public:
  CodeStore() = default;
  /// `stored` is executed only if it is trusted.
  CodeStore(std::vector<KernelCode> stored, bool trusted);

  [[nodiscard]] std::shared_ptr<const Executable> get(const Program& program) override;
  /// What the plan brought along, if it is trusted.
  [[nodiscard]] std::vector<KernelCode> trusted() const;
  /// Adds to what notices() says.
  void add_notice(std::string notice);
  /// Why code is missing, or generated again although the plan has it; a sentence each, for the user.
  [[nodiscard]] std::vector<std::string> notices() const;

 private:
  std::shared_ptr<const Executable> make(const Program& program);
  [[nodiscard]] std::vector<KernelCode> find(const Program& program, Isa isa) const;

  std::map<CodeKey, KernelCode> stored_;
  bool trusted_ = false;

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Executable>> executables_;  // By the text of the loops.
  std::set<std::string> notices_;
};

/// Notes what it is asked for, and has nothing. One thread at a time.
class CodeRecorder final : public CodeSource {
 public:
  [[nodiscard]] std::shared_ptr<const Executable> get(const Program& program) override {
    programs_.push_back(program);
    return nullptr;
  }
  /// The code of all of it for all native instruction sets. Throws as compile() does.
  [[nodiscard]] std::vector<KernelCode> compile() const;

 private:
  std::vector<Program> programs_;
};

}  // namespace tenon::codegen
