// SPDX-License-Identifier: Apache-2.0
#include "plugin_abi.h"

// A plugin as it was built when version 1 of the header was new: against the copy beside this file, which never
// changes.
struct tenon_instance {
  double scale;
};
struct tenon_state {
  int64_t runs;
};

static const tenon_host* host;

#define TEXT(literal) {literal, sizeof(literal) - 1}

static tenon_status fail(tenon_status status, tenon_string text) {
  host->report(text);
  return status;
}

static tenon_status create(const tenon_layer* self, const tenon_value* values, size_t count,
                           tenon_instance** out_instance) {
  const tenon_string zero = TEXT("scale must not be 0"),
                     odd = TEXT("the host passes other values than version 1 promised");
  if (*(const int*)self->context != 42 || count != self->field_count) return fail(TENON_STATUS_INTERNAL, odd);
  if (count > 0 && values[0].number == 0) return fail(TENON_STATUS_INVALID_ARGUMENT, zero);
  tenon_instance* instance = host->allocate(sizeof *instance, sizeof(double));
  if (instance == NULL) return TENON_STATUS_OUT_OF_MEMORY;
  instance->scale = count > 0 ? values[0].number : 1;
  *out_instance = instance;
  return TENON_STATUS_OK;
}
static void destroy(tenon_instance* instance) { host->release(instance); }

static tenon_status prepare(const tenon_instance* instance, const tenon_tensor* inputs, size_t input_count,
                            const tenon_tensor* outputs, size_t output_count, tenon_state** out_state) {
  (void)instance;
  const tenon_string odd = TEXT("prepare sees other tensors than version 1 promised");
  if (input_count != 1 || output_count != 1 || inputs[0].rank != outputs[0].rank || inputs[0].data != NULL) {
    return fail(TENON_STATUS_INTERNAL, odd);
  }
  *out_state = host->allocate(sizeof **out_state, sizeof(int64_t));
  if (*out_state == NULL) return TENON_STATUS_OUT_OF_MEMORY;
  (*out_state)->runs = 0;
  return TENON_STATUS_OK;
}
static void release(tenon_state* state) { host->release(state); }

struct affine_call {
  double scale;
  const float* x;
  float* y;
};
static tenon_status affine_part(void* context, int64_t begin, int64_t end) {
  const struct affine_call* call = context;
  for (int64_t i = begin; i < end; ++i) call->y[i] = (float)(call->scale * (double)call->x[i] + 1);
  return TENON_STATUS_OK;
}
static tenon_status affine_run(const tenon_instance* instance, tenon_state* state, const tenon_run* run) {
  ++state->runs;
  struct affine_call call = {instance->scale, run->inputs[0].data, run->outputs[0].data};
  return host->parallel_for(run->inputs[0].dims[0], 1, affine_part, &call);
}

static tenon_status positive_infer(const tenon_instance* instance, const tenon_type* inputs, size_t input_count,
                                   tenon_type* outputs, size_t output_count) {
  (void)instance, (void)input_count, (void)output_count;
  outputs[0].dtype = inputs[0].dtype;
  outputs[0].rank = 1;
  outputs[0].dims[0] = TENON_DIM_UNKNOWN;
  return TENON_STATUS_OK;
}
static tenon_status positive_run(const tenon_instance* instance, tenon_state* state, const tenon_run* run) {
  (void)instance, (void)state;
  const float* x = run->inputs[0].data;
  const int64_t size = run->inputs[0].dims[0];
  int64_t count = 0;
  for (int64_t i = 0; i < size; ++i) count += x[i] > 0;
  void* data = NULL;
  const tenon_status status = run->allocate(run->allocate_context, 0, &count, 1, &data);
  if (status != TENON_STATUS_OK) return status;
  float* y = data;
  for (int64_t i = 0; i < size; ++i) {
    if (x[i] > 0) *y++ = x[i];
  }
  return TENON_STATUS_OK;
}

static const int answer = 42;
static const tenon_field scale = {
    sizeof(tenon_field), 0, TEXT("scale"), TEXT("what x is multiplied by"), {TENON_KIND_FLOAT, 0, 0, 2.0, NULL, 0}};
static const tenon_field* const fields[] = {&scale};
static const tenon_layer affine = {sizeof(tenon_layer),
                                   0,
                                   TEXT("V1Affine"),
                                   {NULL, 0},
                                   TEXT("scale * x + 1"),
                                   1,
                                   1,
                                   1,
                                   1,
                                   fields,
                                   1,
                                   &answer,
                                   create,
                                   destroy,
                                   NULL,
                                   prepare,
                                   release,
                                   affine_run,
                                   NULL};
static const tenon_layer positive = {sizeof(tenon_layer),
                                     TENON_LAYER_DATA_DEPENDENT,
                                     TEXT("V1Positive"),
                                     {NULL, 0},
                                     {NULL, 0},
                                     1,
                                     1,
                                     1,
                                     1,
                                     NULL,
                                     0,
                                     &answer,
                                     create,
                                     destroy,
                                     positive_infer,
                                     NULL,
                                     NULL,
                                     positive_run,
                                     NULL};
static const tenon_layer* const layers[] = {&affine, &positive};
static const tenon_plugin plugin = {sizeof(tenon_plugin), 1, layers, 2};

const tenon_plugin* tenon_plugin_entry(uint32_t host_abi_version, const tenon_host* tenon) {
  host = tenon;
  return host_abi_version >= 1 && tenon->abi_version == host_abi_version && tenon->struct_size >= sizeof(tenon_host)
             ? &plugin
             : NULL;
}
