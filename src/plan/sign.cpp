// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "plan/key_file.h"
#include "plan/plan.h"
#include "plan/signature.h"

#include <tenon/error.h>
#include <tenon/signing.h>

#include <fmt/core.h>

// What the public interface offers for signing plan files.
namespace tenon {

std::string make_key_pair(const std::string& path) {
  const SecretKey key;
  write_key_files(key, path);
  return to_hex(key.public_key());
}

std::string sign_plan(const std::string& plan, const std::string& secret_key) {
  return with_context(
      [&] {
        const SecretKey key = read_secret_key(secret_key);
        const auto file = MappedFile::open(plan);
        (void)read_plan(file);  // Nobody should vouch for what cannot be loaded.
        const PlanFile sections = read_sections(file);
        write_file(plan, [&](FileSink& sink) {
          write_signed(sections, key, [&](Bytes bytes) { sink.write(bytes.data(), bytes.size()); });
        });
        return to_hex(key.public_key());
      },
      [&] { return fmt::format("while signing '{}'", plan); });
}

std::optional<std::string> plan_signer(const std::string& plan) {
  const SignedPlan read = read_signed_plan(MappedFile::open(plan), {});
  return read.signer ? std::optional(to_hex(*read.signer)) : std::nullopt;
}

std::string verify_plan(const std::string& plan, std::span<const std::string> public_keys) {
  const SignedPlan read = read_signed_plan(MappedFile::open(plan), read_public_keys(public_keys));
  if (!read.signer) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not signed, but must be with a trusted key; sign it with 'tenon sign'", plan));
  }
  if (!read.verified) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is signed by {}, which is none of the trusted keys; name the file of that key, if you "
                    "trust whoever has it",
                    plan, to_hex(*read.signer)));
  }
  return to_hex(*read.signer);
}

}  // namespace tenon
