// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

// The boundary between Tenon and plugins: C11, and nothing but C types. C++ authors use <tenon/layer.h>, which is made
// of this. docs/writing-a-layer.md has the promise of compatibility and how this header may grow.
//
// Two sorts of structs. *Values* (tenon_string, tenon_value, tenon_type, tenon_tensor) never change. *Tables* (all
// others) start with their size, as the side that fills them knows it; they grow at the end only, and a reader takes
// what lies beyond that size for zero. Arrays of tables are arrays of pointers. Numbers once given are never changed or
// reused.
//
// Errors. A function that returns tenon_status says why with tenon_host::report, on the thread it then returns on. No
// C++ exception may leave a function of either side, and nothing may be unwound through the other.
//
// Memory belongs to the side that allocated it. What Tenon passes is valid during the call; what a plugin's tables
// point to stays valid until the process ends. Plugins are never unloaded.
//
// Threads. tenon_plugin_entry runs once. All functions of a layer may run on any thread, and at the same time, also for
// the same instance, which no function but destroy may change. A state is used by one thread at a time. Functions of
// tenon_host may be called from any thread.

// NOLINTBEGIN(modernize-*, readability-identifier-naming): this is C

#ifdef __cplusplus
extern "C" {
#endif

/// The version of this header. It grows by one when a table gains members.
#define TENON_ABI_VERSION 1u
/// The oldest version that a Tenon of this header loads.
#define TENON_ABI_OLDEST_VERSION 1u
/// The highest rank of a tensor.
#define TENON_ABI_MAX_RANK 16

/// Text: UTF-8, not terminated. `data` may be null when `size` is 0.
typedef struct tenon_string {
  const char* data;
  size_t size;
} tenon_string;

/// Success, or what kind of thing went wrong: the numbers of tenon::ErrorCode.
typedef int32_t tenon_status;
enum {
  TENON_STATUS_OK = 0,
  TENON_STATUS_INVALID_ARGUMENT = 1,  ///< An input's dtype or shape, or a field's value, does not fit.
  TENON_STATUS_NOT_FOUND = 2,
  TENON_STATUS_UNSUPPORTED = 3,
  TENON_STATUS_CORRUPT = 4,
  TENON_STATUS_IO = 5,
  TENON_STATUS_OUT_OF_MEMORY = 6,
  TENON_STATUS_DEVICE = 7,
  TENON_STATUS_INTERNAL = 8,  ///< Anything else.
  TENON_STATUS_COUNT = 9
};

/// An element type: the numbers of tenon::DType, which are ONNX's.
typedef int32_t tenon_dtype;
enum {
  TENON_DTYPE_UNDEFINED = 0,  ///< An optional input that is left out.
  TENON_DTYPE_FLOAT32 = 1,
  TENON_DTYPE_UINT8 = 2,
  TENON_DTYPE_INT8 = 3,
  TENON_DTYPE_UINT16 = 4,
  TENON_DTYPE_INT16 = 5,
  TENON_DTYPE_INT32 = 6,
  TENON_DTYPE_INT64 = 7,
  TENON_DTYPE_STRING = 8,  ///< Never passed to a plugin.
  TENON_DTYPE_BOOL = 9,    ///< One byte, 0 or 1.
  TENON_DTYPE_FLOAT16 = 10,
  TENON_DTYPE_FLOAT64 = 11,
  TENON_DTYPE_UINT32 = 12,
  TENON_DTYPE_UINT64 = 13,
  TENON_DTYPE_COMPLEX64 = 14,
  TENON_DTYPE_COMPLEX128 = 15,
  TENON_DTYPE_BFLOAT16 = 16,
  TENON_DTYPE_FLOAT8E4M3FN = 17,
  TENON_DTYPE_FLOAT8E4M3FNUZ = 18,
  TENON_DTYPE_FLOAT8E5M2 = 19,
  TENON_DTYPE_FLOAT8E5M2FNUZ = 20,
  TENON_DTYPE_UINT4 = 21,  ///< Two to a byte, the first in the low bits; likewise INT4 and FLOAT4E2M1.
  TENON_DTYPE_INT4 = 22,
  TENON_DTYPE_FLOAT4E2M1 = 23,
  TENON_DTYPE_FLOAT8E8M0 = 24,
  TENON_DTYPE_COUNT = 25
};

/// The kind of a field's value, and which members of tenon_value hold it.
typedef int32_t tenon_kind;
enum {
  TENON_KIND_BOOL = 1,    ///< integer, 0 or 1
  TENON_KIND_INT = 2,     ///< integer
  TENON_KIND_FLOAT = 3,   ///< number
  TENON_KIND_STRING = 4,  ///< data: size chars
  TENON_KIND_BOOLS = 5,   ///< data: size uint8_t, 0 or 1
  TENON_KIND_INTS = 6,    ///< data: size int64_t
  TENON_KIND_FLOATS = 7,  ///< data: size double
  TENON_KIND_STRINGS = 8  ///< data: size tenon_string
};
typedef struct tenon_value {
  tenon_kind kind;
  int32_t reserved;  ///< 0.
  int64_t integer;
  double number;
  const void* data;
  size_t size;
} tenon_value;

/// An extent that is not known.
#define TENON_DIM_UNKNOWN (-1)

/// What is known of a tensor before there is one. `rank` -1: not known. An extent of -2 or less is a named dimension:
/// not a number yet, but equal wherever the same negative number stands in the same call; copy it to say that an extent
/// is kept.
typedef struct tenon_type {
  tenon_dtype dtype;
  int32_t rank;
  int64_t dims[TENON_ABI_MAX_RANK];
} tenon_type;

/// A dense, row-major tensor in memory aligned to 64 bytes (at least to its element for the tensors of an element-wise
/// layer). Inputs must not be written to, except through an output that shares their memory.
typedef struct tenon_tensor {
  void* data;
  const int64_t* dims;  ///< `rank` extents, each >= 0.
  int32_t rank;
  tenon_dtype dtype;
} tenon_tensor;

/// What Tenon offers to plugins. Valid until the process ends.
typedef struct tenon_host {
  uint32_t struct_size;
  uint32_t abi_version;        ///< TENON_ABI_VERSION of the Tenon that loads.
  tenon_string tenon_version;  ///< "0.1.0"
  /// Memory from Tenon's allocator, uninitialised; `alignment` is a power of two. Null when there is none.
  void* (*allocate)(size_t size, size_t alignment);
  /// Gives back what allocate returned; null is fine.
  void (*release)(void* memory);
  /// The text for the error that this thread is about to return; the last one counts.
  void (*report)(tenon_string message);
  /// Calls body(context, begin, end) for parts of [0, count) of at least `grain` (but for the last) on the threads that
  /// the run may use, and returns when all are done: TENON_STATUS_OK, or the status and report of one part that failed.
  tenon_status (*parallel_for)(int64_t count, int64_t grain,
                               tenon_status (*body)(void* context, int64_t begin, int64_t end), void* context);
} tenon_host;

/// A field: a layer's parameter, fixed when a model is compiled.
typedef struct tenon_field {
  uint32_t struct_size;
  uint32_t flags;  ///< TENON_FIELD_*
  tenon_string name;
  tenon_string doc;      ///< One sentence, or empty.
  tenon_value fallback;  ///< The default. For required fields only `kind` counts.
} tenon_field;
enum { TENON_FIELD_REQUIRED = 1 };

/// A layer's parameters bound to values, and what it prepared for one set of shapes: opaque to Tenon.
typedef struct tenon_instance tenon_instance;
typedef struct tenon_state tenon_state;

/// The arguments of one run.
typedef struct tenon_run {
  uint32_t struct_size;
  uint32_t flags;  ///< 0.
  const tenon_tensor* inputs;
  size_t input_count;
  const tenon_tensor* outputs;  ///< Of data-dependent layers: data null, dims null, rank 0; call allocate.
  size_t output_count;
  /// Gives output `index` of a data-dependent layer its shape and memory; once for each output.
  tenon_status (*allocate)(void* context, size_t index, const int64_t* dims, int32_t rank, void** out_data);
  void* allocate_context;
} tenon_run;

enum {
  /// Every element of the output comes from the elements at the same place of the inputs, which have the output's shape
  /// or one element. Tenon then calls run with tensors of rank 1, in any layout, in parts, on several threads if the
  /// layer has no prepare, and with an output that may share the memory of input 0: elements must be read before those
  /// at
  /// their place are written.
  TENON_LAYER_ELEMENTWISE = 1,
  /// The shapes of the outputs are known only when run has them.
  TENON_LAYER_DATA_DEPENDENT = 2
};

/// A kind of layer.
typedef struct tenon_layer {
  uint32_t struct_size;
  uint32_t flags;       ///< TENON_LAYER_*; an unknown one is an error.
  tenon_string name;    ///< The operator's name in graphs.
  tenon_string domain;  ///< The namespace; empty: "custom".
  tenon_string doc;     ///< One sentence, or empty.
  int32_t version;      ///< >= 1. Raise it when a plan made with the old one would run differently.
  int32_t min_inputs;
  int32_t max_inputs;  ///< -1: any number. An input left out has dtype TENON_DTYPE_UNDEFINED and no data.
  int32_t output_count;
  const tenon_field* const* fields;
  size_t field_count;
  /// For the plugin's use.
  const void* context;

  /// Makes an instance; `values` holds a value of the declared kind for each field, in order.
  tenon_status (*create)(const struct tenon_layer* self, const tenon_value* values, size_t count,
                         tenon_instance** out_instance);
  void (*destroy)(tenon_instance* instance);
  /// Sets all of outputs[i], which come with dtype undefined and rank -1. Null: each is like input 0.
  tenon_status (*infer)(const tenon_instance* instance, const tenon_type* inputs, size_t input_count,
                        tenon_type* outputs, size_t output_count);
  /// Called once for each set of concrete shapes. Data is null, but for inputs that are constant; those stay valid and
  /// unchanged as long as the state. May be null, and so may the state.
  tenon_status (*prepare)(const tenon_instance* instance, const tenon_tensor* inputs, size_t input_count,
                          const tenon_tensor* outputs, size_t output_count, tenon_state** out_state);
  void (*release)(tenon_state* state);
  /// Computes the outputs on the CPU. Null when there is only a CUDA version.
  tenon_status (*run)(const tenon_instance* instance, tenon_state* state, const tenon_run* run);
  /// Enqueues the same on a CUDA stream (a CUstream); all data is device memory. Null when there is none.
  tenon_status (*run_cuda)(const tenon_instance* instance, tenon_state* state, void* stream, const tenon_run* run);
} tenon_layer;

/// What a plugin offers.
typedef struct tenon_plugin {
  uint32_t struct_size;
  uint32_t abi_version;  ///< TENON_ABI_VERSION of the header that the plugin was built with.
  const tenon_layer* const* layers;
  size_t layer_count;
} tenon_plugin;

/// The one symbol that a plugin exports. `host_abi_version` is the newest version that the loading Tenon speaks. A
/// plugin that needs a newer one says so with host->report and returns null; Tenon checks the version of the answer,
/// too.
#define TENON_PLUGIN_ENTRY_NAME "tenon_plugin_entry"
typedef const tenon_plugin* (*tenon_plugin_entry_function)(uint32_t host_abi_version, const tenon_host* host);
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const tenon_plugin* tenon_plugin_entry(uint32_t host_abi_version, const tenon_host* host);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-*, readability-identifier-naming)
