# SPDX-License-Identifier: Apache-2.0
import numpy as np
from onnxruntime_extensions import PyCustomOpDef, onnx_op


@onnx_op(op_type="UserRelu6", inputs=[PyCustomOpDef.dt_float], outputs=[PyCustomOpDef.dt_float])
def relu6(x):
    return np.minimum(np.maximum(x, np.float32(0)), np.float32(6))
