// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The layout of a plan file around its sections. Numbers are little-endian.
//
//   offset  bytes  header
//        0      8  magic "TENONPLN"
//        8      4  format version: major, minor (2 bytes each)
//       12      4  the oldest reader that understands the file: major, minor of its format version
//       16      4  number of sections
//       20      4  zero
//       24      8  size of the file
//       32      8  XXH3 hash of header and section table, computed with this field zero
//       40     24  zero
//       64   32*n  section table: kind (4), zero (4), offset (8), length (8), XXH3 hash of the section's bytes (8)
//
// Sections follow in the table's order, each at the next multiple of 64; the bytes between them are zero and the last
// one ends the file. So every byte of a file is either hashed or known. A reader ignores sections of unknown kinds.
//
// A signed file ends with a signature section:
//
//   offset  bytes  signature section
//        0     32  the signer's public key (Ed25519, RFC 8032)
//       32     64  the signature, of 86 bytes: "tenon plan signature 1" (22, without a zero) and digest (64)
//
// The digest is the BLAKE2b-512 (RFC 7693, no key) of all bytes of the file before the section, header and table
// included, in which the two fields that depend on the signature count as zero: the header's hash, and in the table the
// hash of this section, the last one. The header has the file's size, so nothing can come after the section.
namespace tenon::plan_format {

inline constexpr std::string_view kMagic = "TENONPLN";
inline constexpr uint16_t kMajor = 1;
inline constexpr uint16_t kMinor = 2;
/// Readers from this version on understand the files that are written now.
inline constexpr uint16_t kMinReaderMajor = 1;
inline constexpr uint16_t kMinReaderMinor = 0;

inline constexpr size_t kHeaderBytes = 64;
inline constexpr size_t kHashOffset = 32;
inline constexpr size_t kSectionBytes = 32;
inline constexpr size_t kSectionHashOffset = 24;  ///< In a section's entry in the table.
inline constexpr size_t kAlignment = 64;
inline constexpr uint32_t kMaxSections = 64;

enum class SectionKind : uint32_t {
  kGraph = 1,      ///< The FlatBuffers tables of plan.fbs.
  kConstants = 2,  ///< Tensors' bytes, each at a multiple of kAlignment.
  kCode = 3,       ///< Generated code, as plan/code.h has it. Left out when there is none. From 1.1 on.
  kSignature = 4,  ///< Who vouches for the file; the last one. Left out when nobody does. From 1.2 on.
};

inline constexpr std::string_view kSignedText = "tenon plan signature 1";
inline constexpr size_t kPublicKeyBytes = 32;
inline constexpr size_t kSignatureBytes = 64;
inline constexpr size_t kDigestBytes = 64;

/// Graphs and functions in attributes may nest this deep.
inline constexpr int kMaxNesting = 16;

constexpr uint64_t aligned(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace tenon::plan_format
