# SPDX-License-Identifier: Apache-2.0
import numpy as np
import openvino as ov
from openvino.frontend.tensorflow import ConversionExtension


class UserRelu6(ov.Op):
    def __init__(self, inputs=None):
        super().__init__(self, inputs)

    def validate_and_infer_types(self):
        self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

    def clone_with_new_inputs(self, inputs):
        return UserRelu6(inputs)

    def has_evaluate(self):
        return True

    def evaluate(self, outputs, inputs):
        np.clip(inputs[0].data, 0, 6, out=outputs[0].data)
        return True


EXTENSION = ConversionExtension("Relu6", lambda node: UserRelu6([node.get_input(0)]).outputs())
