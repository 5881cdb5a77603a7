// SPDX-License-Identifier: Apache-2.0
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <vector>

static void compute(void* kernel, OrtKernelContext* context) {
  const OrtApi* api = static_cast<const OrtApi*>(kernel);
  const OrtValue* input = nullptr;
  api->KernelContext_GetInput(context, 0, &input);
  OrtTensorTypeAndShapeInfo* info = nullptr;
  api->GetTensorTypeAndShape(input, &info);
  size_t rank = 0;
  size_t count = 0;
  api->GetDimensionsCount(info, &rank);
  api->GetTensorShapeElementCount(info, &count);
  std::vector<int64_t> dims(rank);
  api->GetDimensions(info, dims.data(), rank);
  api->ReleaseTensorTypeAndShapeInfo(info);
  OrtValue* output = nullptr;
  api->KernelContext_GetOutput(context, 0, dims.data(), rank, &output);
  void* x = nullptr;
  void* y = nullptr;
  api->GetTensorMutableData(const_cast<OrtValue*>(input), &x);
  api->GetTensorMutableData(output, &y);
  for (size_t i = 0; i < count; ++i) {
    static_cast<float*>(y)[i] = std::clamp(static_cast<const float*>(x)[i], 0.0F, 6.0F);
  }
}

static OrtCustomOp make_op() {
  OrtCustomOp op = {};
  op.version = ORT_API_VERSION;
  op.CreateKernel = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo*) -> void* {
    return const_cast<OrtApi*>(api);
  };
  op.KernelCompute = compute;
  op.KernelDestroy = [](void*) {};
  op.GetName = [](const OrtCustomOp*) { return "UserRelu6"; };
  op.GetExecutionProviderType = [](const OrtCustomOp*) -> const char* { return nullptr; };
  op.GetInputTypeCount = [](const OrtCustomOp*) -> size_t { return 1; };
  op.GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return 1; };
  op.GetInputType = [](const OrtCustomOp*, size_t) { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; };
  op.GetOutputType = [](const OrtCustomOp*, size_t) { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; };
  op.GetInputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
  op.GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
  op.GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
  op.GetStartVersion = [](const OrtCustomOp*) { return 1; };
  op.GetEndVersion = [](const OrtCustomOp*) { return 1; };
  op.GetMayInplace = [](int** inputs, int** outputs) -> size_t {
    *inputs = new int(0);
    *outputs = new int(0);
    return 1;
  };
  op.ReleaseMayInplace = [](int* inputs, int* outputs) {
    delete inputs;
    delete outputs;
  };
  return op;
}

extern "C" OrtStatus* RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* base) {
  static const OrtCustomOp op = make_op();
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  OrtCustomOpDomain* domain = nullptr;
  if (OrtStatus* status = api->CreateCustomOpDomain("user", &domain)) return status;
  if (OrtStatus* status = api->CustomOpDomain_Add(domain, &op)) return status;
  return api->AddCustomOpDomain(options, domain);
}
