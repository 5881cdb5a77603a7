// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/emit.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELFObjectFile.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace tenon::codegen {
namespace {

namespace object = llvm::object;
namespace elf = llvm::ELF;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::kInternal, fmt::format("generated code {}; this is a bug in Tenon", what));
}

template <typename T>
T require(llvm::Expected<T> value) {
  if (!value) fail("cannot be read: " + llvm::toString(value.takeError()));
  return std::move(*value);
}

class Linker {
 public:
  explicit Linker(const object::ELF64LEObjectFile& file) : file_(file) {}

  std::vector<std::byte> run() {
    for (const object::ELFSymbolRef symbol : file_.symbols()) {
      if (require(symbol.getName()) == "kernel") entry_ = *require(symbol.getSection());
    }
    if (entry_ == object::SectionRef()) fail("has no entry");
    place(entry_);
    for (const object::SectionRef section : file_.sections()) {
      const uint64_t flags = object::ELFSectionRef(section).getFlags();
      if ((flags & elf::SHF_ALLOC) == 0 || section == entry_ || section.getSize() == 0) continue;
      if ((flags & elf::SHF_WRITE) != 0) fail("has data that can be written");
      place(section);
    }
    for (const object::SectionRef section : file_.sections()) {
      const auto target = require(section.getRelocatedSection());
      if (target == file_.section_end() || !places_.contains(target->getIndex())) continue;
      for (const object::ELFRelocationRef relocation : section.relocations()) {
        apply(relocation, places_.at(target->getIndex()) + relocation.getOffset());
      }
    }
    return std::move(code_);
  }

 private:
  void place(const object::SectionRef& section) {
    const size_t alignment = section.getAlignment().value();
    const size_t start = (code_.size() + alignment - 1) / alignment * alignment;
    const llvm::StringRef content = require(section.getContents());
    code_.resize(start + content.size());
    std::memcpy(code_.data() + start, content.data(), content.size());
    places_[section.getIndex()] = start;
  }

  // All of the code moves as one, so distances within it are known.
  void apply(const object::ELFRelocationRef& relocation, uint64_t at) {
    const object::symbol_iterator symbol = relocation.getSymbol();
    const object::section_iterator section =
        symbol == file_.symbol_end() ? file_.section_end() : require(symbol->getSection());
    if (section == file_.section_end() || !places_.contains(section->getIndex())) {
      fail(fmt::format("needs the symbol '{}' from elsewhere",
                       symbol == file_.symbol_end() ? "" : require(symbol->getName()).str()));
    }
    const uint64_t target = places_.at(section->getIndex()) + require(symbol->getValue());
    const auto distance = static_cast<int64_t>(target) + require(relocation.getAddend()) - static_cast<int64_t>(at);
    const uint64_t type = relocation.getType();
    const bool is_arm = file_.getArch() == llvm::Triple::aarch64;
    if (!is_arm && (type == elf::R_X86_64_PC32 || type == elf::R_X86_64_PLT32))
      patch(at, distance, 32, [](uint32_t, int64_t value) { return static_cast<uint32_t>(value); });
    else if (is_arm && type == elf::R_AARCH64_ADR_PREL_LO21)
      patch(at, distance, 21, [](uint32_t word, int64_t value) {
        const auto bits = static_cast<uint32_t>(value);
        return word | (bits & 3) << 29 | (bits >> 2 & 0x7ffff) << 5;
      });
    else if (is_arm && type == elf::R_AARCH64_LD_PREL_LO19 && distance % 4 == 0)
      patch(at, distance, 21,
            [](uint32_t word, int64_t value) { return word | (static_cast<uint32_t>(value) >> 2 & 0x7ffff) << 5; });
    else
      fail(fmt::format("has a relocation of type {}", type));
  }

  template <typename Insert>
  void patch(uint64_t at, int64_t distance, int bits, Insert&& insert) {
    uint32_t word = 0;
    const int64_t limit = int64_t{1} << (bits - 1);
    if (distance < -limit || distance >= limit || at + sizeof(word) > code_.size()) fail("is too large");
    std::memcpy(&word, code_.data() + at, sizeof(word));
    word = insert(word, distance);
    std::memcpy(code_.data() + at, &word, sizeof(word));
  }

  const object::ELF64LEObjectFile& file_;
  object::SectionRef entry_;
  std::map<uint64_t, size_t> places_;  // By section number.
  std::vector<std::byte> code_;
};

}  // namespace

std::vector<std::byte> link(const char* bytes, size_t size) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(bytes, size), "kernel");
  const std::unique_ptr<object::ObjectFile> file = require(object::ObjectFile::createObjectFile(buffer));
  const auto* elf_file = llvm::dyn_cast<object::ELF64LEObjectFile>(file.get());
  if (elf_file == nullptr) fail("is no object of a known kind");
  return Linker(*elf_file).run();
}

}  // namespace tenon::codegen
