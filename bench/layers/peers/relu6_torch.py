# SPDX-License-Identifier: Apache-2.0
from torch import Tensor, clamp, empty_like, library, nn


@library.custom_op("user::relu6", mutates_args=())
def relu6(x: Tensor) -> Tensor:
    return clamp(x, 0, 6)


@relu6.register_fake
def _(x):
    return empty_like(x)


class UserRelu6(nn.Module):
    def forward(self, x):
        return relu6(x)
