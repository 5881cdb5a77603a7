// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <tenon/plugin_abi.h>

// The C ABI used directly: y = factor * x.
struct tenon_instance {
  float factor;
};

static const tenon_host* host;

static tenon_status fail(tenon_status status, const char* text, size_t size) {
  const tenon_string message = {text, size};
  host->report(message);
  return status;
}
#define FAIL(status, text) fail(status, text, sizeof(text) - 1)

static tenon_status create(const tenon_layer* self, const tenon_value* values, size_t count,
                           tenon_instance** out_instance) {
  (void)self;
  if (count != 1 || values[0].kind != TENON_KIND_FLOAT) return FAIL(TENON_STATUS_INTERNAL, "no factor");
  tenon_instance* instance = host->allocate(sizeof *instance, 16);
  if (instance == NULL) return TENON_STATUS_OUT_OF_MEMORY;
  instance->factor = (float)values[0].number;
  *out_instance = instance;
  return TENON_STATUS_OK;
}

static void destroy(tenon_instance* instance) { host->release(instance); }

static tenon_status infer(const tenon_instance* instance, const tenon_type* inputs, size_t input_count,
                          tenon_type* outputs, size_t output_count) {
  (void)instance;
  if (input_count != 1 || output_count != 1 || inputs[0].dtype != TENON_DTYPE_FLOAT32) {
    return FAIL(TENON_STATUS_INVALID_ARGUMENT, "the input must be f32");
  }
  outputs[0] = inputs[0];
  return TENON_STATUS_OK;
}

static tenon_status run(const tenon_instance* instance, tenon_state* state, const tenon_run* call) {
  (void)state;
  const float* x = call->inputs[0].data;
  float* y = call->outputs[0].data;
  for (int64_t i = 0; i < call->inputs[0].dims[0]; ++i) y[i] = instance->factor * x[i];
  return TENON_STATUS_OK;
}

static const tenon_field factor = {
    .struct_size = sizeof(tenon_field),
    .name = {"factor", 6},
    .fallback = {.kind = TENON_KIND_FLOAT, .number = 2},
};
static const tenon_field* const fields[] = {&factor};

static const tenon_layer scale = {
    .struct_size = sizeof(tenon_layer),
    .flags = TENON_LAYER_ELEMENTWISE,
    .name = {"PlainScale", 10},
    .version = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .output_count = 1,
    .fields = fields,
    .field_count = 1,
    .create = create,
    .destroy = destroy,
    .infer = infer,
    .run = run,
};
static const tenon_layer* const layers[] = {&scale};
static const tenon_plugin plugin = {sizeof(tenon_plugin), TENON_ABI_VERSION, layers, 1};

const tenon_plugin* tenon_plugin_entry(uint32_t host_abi_version, const tenon_host* tenon) {
  host = tenon;
  return host_abi_version < TENON_ABI_VERSION ? NULL : &plugin;
}
