// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/builder.h"

#include <vector>

namespace tenon::codegen {

llvm::Value* Builder::lane_numbers(unsigned lanes) {
  std::vector<llvm::Constant*> numbers;
  for (unsigned i = 0; i < lanes; ++i) numbers.push_back(getInt64(i));
  return llvm::ConstantVector::get(numbers);
}

llvm::AllocaInst* Builder::variable(llvm::Type* type) {
  llvm::BasicBlock& entry = GetInsertBlock()->getParent()->getEntryBlock();
  llvm::IRBuilder<> at(&entry, entry.begin());
  llvm::AllocaInst* slot = at.CreateAlloca(type);
  slot->setAlignment(llvm::Align(64));
  return slot;
}

void Builder::loop(llvm::Value* begin, llvm::Value* end, int64_t step, const std::function<void(llvm::Value*)>& body) {
  llvm::Function* function = GetInsertBlock()->getParent();
  llvm::BasicBlock* before = GetInsertBlock();
  llvm::BasicBlock* top = llvm::BasicBlock::Create(getContext(), "", function);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(getContext(), "", function);
  CreateCondBr(CreateICmpSLT(begin, end), top, after);
  SetInsertPoint(top);
  llvm::PHINode* k = CreatePHI(getInt64Ty(), 2);
  k->addIncoming(begin, before);
  body(k);
  llvm::Value* next = CreateAdd(k, getInt64(static_cast<uint64_t>(step)), "", true, true);
  k->addIncoming(next, GetInsertBlock());
  CreateCondBr(CreateICmpSLT(next, end), top, after);
  SetInsertPoint(after);
}

void Builder::when(llvm::Value* condition, const std::function<void()>& body) {
  llvm::Function* function = GetInsertBlock()->getParent();
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(getContext(), "", function);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(getContext(), "", function);
  CreateCondBr(condition, inside, after);
  SetInsertPoint(inside);
  body();
  CreateBr(after);
  SetInsertPoint(after);
}

}  // namespace tenon::codegen
