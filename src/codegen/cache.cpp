// SPDX-License-Identifier: Apache-2.0
#include "codegen/cache.h"

#include "plan/xxh3.h"

#include <tenon/error.h>
#include <tenon/version.h>

#include <fmt/core.h>

#include <filesystem>
#include <utility>

namespace tenon::codegen {
namespace {

// Changes whenever equal loops become other code.
constexpr std::string_view kGenerator = "1";

}  // namespace

// 128 bits, so that different kernels have different keys for all purposes.
Cache::Key Cache::key_of(std::string_view text, Isa isa) {
  const std::string content = fmt::format("{} {} {}\n{}", TENON_VERSION_STRING, kGenerator, isa_name(isa), text);
  const uint64_t low = xxh3(content.data(), content.size());
  const std::string again = fmt::format("{:016x}", low) + content;
  return {xxh3(again.data(), again.size()), low};
}

std::string Cache::path_of(Key key) const { return fmt::format("{}/{:016x}{:016x}.code", folder_, key.high, key.low); }

std::optional<std::vector<std::byte>> Cache::find(std::string_view text, Isa isa) const {
  if (folder_.empty()) return std::nullopt;
  const Key key = key_of(text, isa);
  try {
    const auto file = MappedFile::open(path_of(key));
    const CodeImage image = read_code(file->bytes(), file->path());
    const bool fits = image.source == key.low && image.kernels.size() == 1 && image.variants.size() == 1 &&
                      image.variants[0].isa == isa;
    if (!fits) return std::nullopt;
    const Bytes code = image.variants[0].kernels[0];
    return std::vector<std::byte>(code.begin(), code.end());
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Cache::keep(std::string_view text, Isa isa, Bytes code) const {
  if (folder_.empty()) return;
  const Key key = key_of(text, isa);
  const CodeImage image{.source = key.low, .tensors = {}, .kernels = {{}}, .variants = {{isa, {code}}}};
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  try {
    const std::vector<std::byte> bytes = write_code(image);
    write_file(path_of(key), [&](FileSink& sink) { sink.write(bytes.data(), bytes.size()); });
  } catch (const Error&) {
    return;  // A full disk, or a folder that others own: it is generated again the next time.
  }
}

}  // namespace tenon::codegen
