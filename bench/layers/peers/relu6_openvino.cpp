// SPDX-License-Identifier: Apache-2.0
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/frontend/extension/op.hpp>
#include <openvino/op/op.hpp>

#include <algorithm>

class UserRelu6 : public ov::op::Op {
 public:
  OPENVINO_OP("UserRelu6", "user");

  UserRelu6() = default;
  explicit UserRelu6(const ov::OutputVector& inputs) : Op(inputs) { constructor_validate_and_infer_types(); }

  void validate_and_infer_types() override {
    set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
  }

  std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
    return std::make_shared<UserRelu6>(inputs);
  }

  bool visit_attributes(ov::AttributeVisitor&) override { return true; }

  bool has_evaluate() const override { return true; }

  bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
    const auto* x = inputs[0].data<const float>();
    auto* y = outputs[0].data<float>();
    for (size_t i = 0; i < inputs[0].get_size(); ++i) y[i] = std::clamp(x[i], 0.0F, 6.0F);
    return true;
  }
};

OPENVINO_CREATE_EXTENSIONS(std::vector<ov::Extension::Ptr>({
    std::make_shared<ov::OpExtension<UserRelu6>>(),
    std::make_shared<ov::frontend::OpExtension<UserRelu6>>("Relu6"),
}));
