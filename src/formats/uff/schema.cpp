// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/schema.h"

#include "formats/uff/fields.h"

namespace tenon::uff {
namespace {

using protobuf::EnumName;
using protobuf::FieldSchema;
using protobuf::Schema;
using enum protobuf::FieldKind;

constexpr EnumName kDataTypeNames[] = {
    {"DT_INVALID", 0x00000}, {"DT_INT8", 0x10008},    {"DT_INT16", 0x10010},   {"DT_INT32", 0x10020},
    {"DT_INT64", 0x10040},   {"DT_FLOAT16", 0x20010}, {"DT_FLOAT32", 0x20020},
};

constexpr EnumName kOrderNames[] = {
    {"OE_ZERO", 0}, {"OE_SPECIAL", -1}, {"OE_INCREMENT", 0x7fffffff}, {"OE_DECREMENT", -0x80000000LL}};

constexpr FieldSchema kStringFields[] = {{"val", field::kElement, kString, true}};
constexpr FieldSchema kDoubleFields[] = {{"val", field::kElement, kDouble, true}};
constexpr FieldSchema kBoolFields[] = {{"val", field::kElement, kBool, true}};
constexpr FieldSchema kIntFields[] = {{"val", field::kElement, kInt, true}};
constexpr FieldSchema kDataTypeFields[] = {{"val", field::kElement, kEnum, true, nullptr, kDataTypeNames}};
constexpr Schema kListString{"ListString", kStringFields};
constexpr Schema kListDouble{"ListDouble", kDoubleFields};
constexpr Schema kListBool{"ListBool", kBoolFields};
constexpr Schema kListInt64{"ListInt64", kIntFields};
constexpr Schema kListDataType{"ListDataType", kDataTypeFields};

constexpr FieldSchema kOrdersEntryFields[] = {{"key", field::kKey, kInt, false, nullptr, kOrderNames},
                                              {"value", field::kValue, kMessage, false, &kListInt64}};
constexpr Schema kOrdersEntry{"OrdersEntry", kOrdersEntryFields};
constexpr FieldSchema kOrdersFields[] = {{"orders", field::kElement, kMessage, true, &kOrdersEntry}};
constexpr Schema kDimensionOrders{"DimensionOrders", kOrdersFields};
constexpr FieldSchema kOrdersListFields[] = {{"val", field::kElement, kMessage, true, &kDimensionOrders}};
constexpr Schema kListDimensionOrders{"ListDimensionOrders", kOrdersListFields};

constexpr FieldSchema kDataFields[] = {
    {"s", field::kString, kString},
    {"s_list", field::kStrings, kMessage, false, &kListString},
    {"d", field::kDouble, kDouble},
    {"d_list", field::kDoubles, kMessage, false, &kListDouble},
    {"b", field::kBool, kBool},
    {"b_list", field::kBools, kMessage, false, &kListBool},
    {"i", field::kInt, kInt},
    {"i_list", field::kInts, kMessage, false, &kListInt64},
    {"blob", field::kBlob, kBytes},
    {"ref", field::kReference, kString},
    {"dtype", field::kDataType, kEnum, false, nullptr, kDataTypeNames},
    {"dtype_list", field::kDataTypes, kMessage, false, &kListDataType},
    {"dim_orders", field::kOrders, kMessage, false, &kDimensionOrders},
    {"dim_orders_list", field::kOrdersList, kMessage, false, &kListDimensionOrders},
};
constexpr Schema kData{"Data", kDataFields, true};

constexpr FieldSchema kDataEntryFields[] = {{"key", field::kKey, kString},
                                            {"value", field::kValue, kMessage, false, &kData}};
constexpr Schema kDataEntry{"map entry", kDataEntryFields};

constexpr FieldSchema kNodeFields[] = {
    {"id", field::kNodeId, kString},
    {"inputs", field::kInput, kString, true},
    {"operation", field::kOperation, kString},
    {"fields", field::kField, kMessage, true, &kDataEntry},
    {"extra_fields", field::kExtraFields, kMessage, true, &kDataEntry},
};
constexpr Schema kNode{"Node", kNodeFields};

constexpr FieldSchema kGraphFields[] = {
    {"id", field::kGraphId, kString},
    {"nodes", field::kNode, kMessage, true, &kNode},
    {"extra_fields", field::kExtraFields, kMessage, true, &kDataEntry},
};
constexpr Schema kGraph{"Graph", kGraphFields};

constexpr FieldSchema kDescriptorFields[] = {
    {"id", field::kDescriptorId, kString},
    {"version", field::kDescriptorVersion, kInt},
    {"optional", field::kOptional, kBool},
};
constexpr Schema kDescriptor{"Descriptor", kDescriptorFields};

constexpr FieldSchema kMetaGraphFields[] = {
    {"version", field::kVersion, kInt},
    {"descriptor_core_version", field::kCoreVersion, kInt},
    {"descriptors", field::kDescriptor, kMessage, true, &kDescriptor},
    {"graphs", field::kGraph, kMessage, true, &kGraph},
    {"referenced_data", field::kReferencedData, kMessage, true, &kDataEntry},
    {"extra_fields", field::kExtraFields, kMessage, true, &kDataEntry},
};
constexpr Schema kMetaGraph{"MetaGraph", kMetaGraphFields};

}  // namespace

const protobuf::Schema& meta_graph_schema() noexcept { return kMetaGraph; }

}  // namespace tenon::uff
