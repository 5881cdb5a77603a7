// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Numbers of the fields of UFF's messages.
namespace tenon::uff::field {

enum MetaGraph : uint32_t { kVersion = 1, kCoreVersion = 2, kDescriptor = 3, kGraph = 4, kReferencedData = 5 };
enum Descriptor : uint32_t { kDescriptorId = 1, kDescriptorVersion = 2, kOptional = 3 };
enum Graph : uint32_t { kGraphId = 1, kNode = 2 };
enum Node : uint32_t { kNodeId = 1, kInput = 2, kOperation = 3, kField = 4 };
/// The same in MetaGraph, Graph and Node.
inline constexpr uint32_t kExtraFields = 100;

/// One of these is set, even to zero, or none.
enum Data : uint32_t {
  kString = 1,
  kStrings = 2,
  kDouble = 3,
  kDoubles = 4,
  kBool = 5,
  kBools = 6,
  kInt = 7,
  kInts = 8,
  kBlob = 9,
  kReference = 100,
  kDataType = 101,
  kDataTypes = 102,
  kOrders = 103,
  kOrdersList = 104
};
/// The one field of all lists, and of DimensionOrders.
inline constexpr uint32_t kElement = 1;
/// The fields of an entry of a map.
enum Entry : uint32_t { kKey = 1, kValue = 2 };

}  // namespace tenon::uff::field
