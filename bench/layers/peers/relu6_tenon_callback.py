# SPDX-License-Identifier: Apache-2.0
import numpy as np
import tenon


@tenon.layer(callback=True, elementwise=True)
def relu6(x, *, out, lo=0.0, hi=6.0):
    np.clip(x, lo, hi, out=out)
