// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/emit.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>

#include <memory>
#include <mutex>

namespace tenon::codegen {
namespace {

struct TargetName {
  const char* triple;
  const char* cpu;
  const char* features;
};

TargetName name_of(Isa isa) {
  constexpr const char* kX86 = "x86_64-unknown-linux-gnu";
  // Prefetching for writing is none of the levels', but what does not know it does nothing.
  constexpr const char* kX86Features = "+prfchw";
  switch (isa) {
    case Isa::kX86V2:
      return {kX86, "x86-64-v2", kX86Features};
    case Isa::kX86V3:
      return {kX86, "x86-64-v3", kX86Features};
    case Isa::kX86V4:
      return {kX86, "x86-64-v4", kX86Features};
    case Isa::kNeon:
      return {"aarch64-unknown-linux-gnu", "generic", "+neon"};
  }
  throw Error(ErrorCode::kUnsupported, "code generation is asked for an instruction set that it does not know");
}

void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
}

std::unique_ptr<llvm::TargetMachine> machine_for(Isa isa) {
  initialize();
  const TargetName name = name_of(isa);
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(name.triple, error);
  if (target == nullptr) {
    throw Error(ErrorCode::kUnsupported, fmt::format("this LLVM generates no code for {}: {}", name.triple, error));
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  const auto model = isa == Isa::kNeon ? llvm::CodeModel::Tiny : llvm::CodeModel::Small;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      name.triple, name.cpu, name.features, options, llvm::Reloc::PIC_, model, llvm::CodeGenOptLevel::Default));
}

// Loops are written as they are to run: what is left to do is to take stack slots and common values away.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager calls;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  // No call of a library may come out of it.
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(calls);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, calls, modules);
  llvm::FunctionPassManager pipeline;
  pipeline.addPass(llvm::PromotePass());
  pipeline.addPass(llvm::EarlyCSEPass());
  pipeline.addPass(llvm::InstCombinePass());
  pipeline.addPass(llvm::SimplifyCFGPass());
  for (llvm::Function& function : module)
    if (!function.isDeclaration()) pipeline.run(function, functions);
}

}  // namespace

std::vector<std::byte> machine_code(const Program& program, const Kernel& kernel, Isa isa) {
  llvm::LLVMContext context;
  llvm::Module module("kernel", context);
  const std::unique_ptr<llvm::TargetMachine> machine = machine_for(isa);
  module.setTargetTriple(machine->getTargetTriple().str());
  module.setDataLayout(machine->createDataLayout());
  emit(program, kernel, isa, module);
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(module, &stream)) {
    throw Error(ErrorCode::kInternal, fmt::format("generated code is not valid: {}; this is a bug in Tenon", problem));
  }
  optimize(module, *machine);
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream out(object);
  llvm::legacy::PassManager manager;
  auto library = std::make_unique<llvm::TargetLibraryInfoWrapperPass>([&] {
    llvm::TargetLibraryInfoImpl none(machine->getTargetTriple());
    none.disableAllFunctions();
    return none;
  }());
  manager.add(library.release());  // The manager owns its passes.
  if (machine->addPassesToEmitFile(manager, out, nullptr, llvm::CodeGenFileType::ObjectFile, true)) {
    throw Error(ErrorCode::kInternal, "this LLVM cannot write objects; this is a bug in Tenon");
  }
  manager.run(module);
  return link(object.data(), object.size());
}

}  // namespace tenon::codegen
