// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <tenon/plugin_abi.h>

// A plugin with one thing wrong, which FAULT_... chooses.
struct tenon_instance {
  int unused;
};

static tenon_status create(const tenon_layer* self, const tenon_value* values, size_t count,
                           tenon_instance** out_instance) {
  (void)self, (void)values, (void)count;
  *out_instance = malloc(sizeof **out_instance);
  return TENON_STATUS_OK;
}
static void destroy(tenon_instance* instance) { free(instance); }

static tenon_status infer(const tenon_instance* instance, const tenon_type* inputs, size_t input_count,
                          tenon_type* outputs, size_t output_count) {
  (void)instance, (void)input_count, (void)output_count;
  outputs[0] = inputs[0];
#ifdef FAULT_BAD_DTYPE
  outputs[0].dtype = TENON_DTYPE_COUNT;
#endif
#ifdef FAULT_BAD_RANK
  outputs[0].rank = TENON_ABI_MAX_RANK + 1;
#endif
  return TENON_STATUS_OK;
}

#ifndef FAULT_NO_RUN
static tenon_status run(const tenon_instance* instance, tenon_state* state, const tenon_run* call) {
  (void)instance, (void)state, (void)call;
#ifdef FAULT_BAD_STATUS
  return 99;
#else
  return TENON_STATUS_DEVICE;
#endif
}
#endif

#ifdef FAULT_NO_RELEASE
static tenon_status prepare(const tenon_instance* instance, const tenon_tensor* inputs, size_t input_count,
                            const tenon_tensor* outputs, size_t output_count, tenon_state** out_state) {
  (void)instance, (void)inputs, (void)input_count, (void)outputs, (void)output_count, (void)out_state;
  return TENON_STATUS_OK;
}
#endif

static const tenon_field alpha = {
    .struct_size = sizeof(tenon_field),
    .name = {"alpha", 5},
#ifdef FAULT_BAD_KIND
    .fallback = {.kind = 77},
#else
    .fallback = {.kind = TENON_KIND_FLOAT},
#endif
};
static const tenon_field* const fields[] = {&alpha};

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const tenon_layer faulty = {
#ifdef FAULT_SHORT_TABLE
    .struct_size = 8,
#else
    .struct_size = sizeof(tenon_layer),
#endif
#ifdef FAULT_BAD_FLAGS
    .flags = 0x80,
#endif
#if defined(FAULT_BAD_NAME)
    .name = TEXT("Bad Name("),
#elif !defined(FAULT_NO_NAME)
    .name = TEXT("Faulty"),
#endif
#if defined(FAULT_BAD_STATUS)
    .domain = TEXT("fault_bad_status"),
#elif defined(FAULT_NO_REASON) || defined(FAULT_CONFLICT)
    .domain = TEXT("fault_no_reason"),
#elif defined(FAULT_BAD_DTYPE)
    .domain = TEXT("fault_bad_dtype"),
#elif defined(FAULT_BAD_RANK)
    .domain = TEXT("fault_bad_rank"),
#elif defined(FAULT_TWICE)
    .domain = TEXT("fault_twice"),
#endif
    .version = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .output_count = 1,
    .fields = fields,
    .field_count = 1,
    .create = create,
    .destroy = destroy,
    .infer = infer,
#ifdef FAULT_NO_RELEASE
    .prepare = prepare,
#endif
#ifndef FAULT_NO_RUN
    .run = run,
#endif
};
static const tenon_layer* const layers[] = {&faulty, &faulty};

#if defined(FAULT_FUTURE)
#define ABI_VERSION (TENON_ABI_VERSION + 1)
#elif defined(FAULT_PAST)
#define ABI_VERSION (TENON_ABI_OLDEST_VERSION - 1)
#else
#define ABI_VERSION TENON_ABI_VERSION
#endif
#if defined(FAULT_NO_LAYERS)
#define LAYER_COUNT 0
#elif defined(FAULT_TWICE)
#define LAYER_COUNT 2
#else
#define LAYER_COUNT 1
#endif
static const tenon_plugin plugin = {sizeof(tenon_plugin), ABI_VERSION, layers, LAYER_COUNT};

const tenon_plugin* tenon_plugin_entry(uint32_t host_abi_version, const tenon_host* host) {
  (void)host_abi_version;
#ifdef FAULT_REFUSES
  const tenon_string text = TEXT("I need the moon");
  host->report(text);
  return plugin.layer_count == 1 ? NULL : &plugin;
#else
  (void)host;
  return &plugin;
#endif
}
