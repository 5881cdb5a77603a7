# SPDX-License-Identifier: Apache-2.0
"""The cases of make_vectors.py for operators with a shape rule of their own: windows, data movement, resizing.

Every expectation is a short NumPy or float64 formula that shares nothing with the kernels: windows are found by
indexing a padded array, moves are NumPy's own.
"""

import itertools

import numpy as np

random = np.random.default_rng(11)


def floats(*shape, dtype=np.float32):
    """Normal values, the same in every run."""
    return random.normal(size=shape).astype(dtype)


def pad_spatial(x, pads, value):
    """x [N, C, spatial...] with ONNX's pads [begins..., ends...]."""
    rank = len(pads) // 2
    return np.pad(x, [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)], constant_values=value)


def windows(x, kernel, strides, dilations):
    """Output places and, for each, the [N, C, kernel...] elements under the window."""
    spatial = x.shape[2:]
    counts = [
        (extent - ((k - 1) * d + 1)) // s + 1
        for extent, k, s, d in zip(spatial, kernel, strides, dilations, strict=True)
    ]
    for place in itertools.product(*map(range, counts)):
        cut = tuple(
            slice(p * s, p * s + (k - 1) * d + 1, d)
            for p, s, k, d in zip(place, strides, kernel, dilations, strict=True)
        )
        yield place, counts, x[(slice(None), slice(None), *cut)]


def convolution(x, w, bias, strides, pads, dilations, group):
    """The definition: every output is a sum over its window and its group's channels, in float64."""
    x, w = pad_spatial(x.astype(np.float64), pads, 0), w.astype(np.float64)
    per_group = w.shape[1]
    y = None
    for place, counts, part in windows(x, w.shape[2:], strides, dilations):
        if y is None:
            y = np.zeros((x.shape[0], w.shape[0], *counts))
        for m in range(w.shape[0]):
            first = m // (w.shape[0] // group) * per_group
            axes = tuple(range(1, part.ndim))
            y[(slice(None), m, *place)] = (part[:, first : first + per_group] * w[m]).sum(axes)
    return y if bias is None else y + bias.reshape(-1, *[1] * len(strides))


def last(x):
    """[N, C, spatial...] as [N, spatial..., C]."""
    return np.moveaxis(x, 1, -1)


def conv(case):
    rows = [
        # name, x, w, bias, strides, pads, dilations, group
        ("1d", (2, 3, 7), (4, 3, 3), True, [1], [0, 0], [1], 1),
        ("2d", (1, 2, 5, 6), (3, 2, 3, 2), True, [1, 1], [0, 0, 0, 0], [1, 1], 1),
        ("no_bias", (1, 2, 4, 4), (2, 2, 1, 1), False, [1, 1], [0, 0, 0, 0], [1, 1], 1),
        ("strides_pads", (2, 3, 7, 5), (4, 3, 3, 3), True, [2, 3], [1, 2, 0, 1], [1, 1], 1),
        ("dilations", (1, 1, 9, 8), (2, 1, 3, 2), True, [1, 2], [2, 0, 2, 0], [3, 2], 1),
        ("groups", (1, 4, 5, 5), (6, 2, 3, 3), True, [1, 1], [1, 1, 1, 1], [1, 1], 2),
        ("depthwise", (1, 3, 6, 6), (3, 1, 3, 3), True, [2, 2], [1, 1, 1, 1], [1, 1], 3),
        ("3d", (1, 2, 4, 3, 5), (3, 2, 2, 2, 3), True, [1, 1, 2], [0, 1, 0, 1, 0, 1], [1, 1, 1], 1),
        ("prime", (1, 7, 11, 13), (5, 7, 3, 5), True, [3, 2], [1, 1, 2, 2], [1, 1], 1),
    ]
    for name, x_shape, w_shape, has_bias, strides, pads, dilations, group in rows:
        for dtype in (np.float32, np.float64, np.float16):
            x, w = floats(*x_shape, dtype=dtype), floats(*w_shape, dtype=dtype)
            bias = floats(w_shape[0], dtype=dtype) if has_bias else None
            y = convolution(x, w, bias, strides, pads, dilations, group)
            attributes = {"strides": strides, "pads": pads, "dilations": dilations, "group": group}
            inputs = [x, w] if bias is None else [x, w, bias]
            ulps = 512 if dtype is np.float64 else 2
            case(f"{name}_{np.dtype(dtype).name}", "Conv", inputs, [(y, dtype)], ulps, **attributes)
            case(f"{name}_{np.dtype(dtype).name}_last", "Conv", [last(x), *inputs[1:]], [(last(y), dtype)], ulps,
                 channels_last=1, **attributes)  # fmt: skip
    x, w = floats(1, 1, 5, 6), floats(1, 1, 2, 3)
    for auto_pad, pads in (("SAME_UPPER", [0, 0, 1, 1]), ("SAME_LOWER", [1, 1, 0, 0]), ("VALID", [0, 0, 0, 0])):
        y = convolution(x, w, None, [2, 2], pads, [1, 1], 1)
        if (
            auto_pad != "VALID"
        ):  # 5 by stride 2 is 3 places, 2 wide: one more row; 6 by 2 is 3 places, 3 wide: one column
            assert y.shape == (1, 1, 3, 3)
        case(auto_pad, "Conv", [x, w], [(y, np.float32)], 2, strides=[2, 2], auto_pad=auto_pad)
    case("empty_batch", "Conv", [floats(0, 2, 4, 4), floats(3, 2, 3, 3)], [np.zeros((0, 3, 2, 2), np.float32)])


def conv_transpose(case):
    rows = [
        # name, x, w, bias, strides, pads, output_padding, dilations, group
        ("1d", (2, 3, 4), (3, 2, 3), True, [2], [0, 0], [0], [1], 1),
        ("2d", (1, 2, 3, 4), (2, 3, 3, 2), True, [1, 1], [0, 0, 0, 0], [0, 0], [1, 1], 1),
        ("strides_pads", (1, 2, 4, 3), (2, 3, 3, 3), False, [2, 3], [1, 0, 0, 1], [0, 0], [1, 1], 1),
        ("output_padding", (1, 1, 3, 3), (1, 1, 3, 3), True, [2, 2], [1, 1, 1, 1], [1, 0], [1, 1], 1),
        ("dilations", (1, 1, 3, 4), (1, 2, 2, 2), True, [1, 1], [0, 0, 0, 0], [0, 0], [2, 3], 1),
        ("groups", (1, 4, 3, 3), (4, 2, 2, 2), True, [2, 2], [0, 0, 0, 0], [0, 0], [1, 1], 2),
    ]
    for name, x_shape, w_shape, has_bias, strides, pads, output_padding, dilations, group in rows:
        x, w = floats(*x_shape), floats(*w_shape)
        rank = len(strides)
        outputs = w_shape[1] * group
        bias = floats(outputs) if has_bias else None
        full = [
            (x_shape[2 + a] - 1) * strides[a] + (w_shape[2 + a] - 1) * dilations[a] + 1 + output_padding[a]
            for a in range(rank)
        ]
        y = np.zeros((x_shape[0], outputs, *full))
        for n, c, m in itertools.product(range(x_shape[0]), range(x_shape[1]), range(w_shape[1])):
            out = c // (x_shape[1] // group) * w_shape[1] + m
            for i in itertools.product(*map(range, x_shape[2:])):
                for k in itertools.product(*map(range, w_shape[2:])):
                    at = tuple(i[a] * strides[a] + k[a] * dilations[a] for a in range(rank))
                    y[(n, out, *at)] += float(x[(n, c, *i)]) * float(w[(c, m, *k)])
        y = y[(..., *(slice(pads[a], full[a] - pads[rank + a]) for a in range(rank)))]
        if bias is not None:
            y = y + bias.reshape(-1, *[1] * rank)
        attributes = {
            "strides": strides, "pads": pads, "output_padding": output_padding, "dilations": dilations, "group": group,
        }  # fmt: skip
        inputs = [x, w] if bias is None else [x, w, bias]
        case(name, "ConvTranspose", inputs, [(y, np.float32)], 2, **attributes)
        case(f"{name}_last", "ConvTranspose", [last(x), *inputs[1:]], [(last(y), np.float32)], 2, channels_last=1,
             **attributes)  # fmt: skip
    # By hand in one dimension: x * [1, 1, 1] by stride 2 spreads 3 elements over 7 places.
    x, w = np.array([[[1, 10, 100]]], np.float32), np.ones((1, 1, 3), np.float32)
    full = np.array([[[1, 1, 11, 10, 110, 100, 100]]], np.float32)
    window = {"strides": [2]}
    case("valid", "ConvTranspose", [x, w], [full], 0, auto_pad="VALID", **window)
    case("same_upper", "ConvTranspose", [x, w], [full[..., :-1]], 0, auto_pad="SAME_UPPER", **window)
    case("same_lower", "ConvTranspose", [x, w], [full[..., 1:]], 0, auto_pad="SAME_LOWER", **window)
    case("output_shape", "ConvTranspose", [x, w], [full[..., 1:-1]], 0, output_shape=[5], **window)
    case("output_shape_odd", "ConvTranspose", [x, w], [full[..., 2:-1]], 0, output_shape=[4], **window)
    case("output_shape_odd_upper", "ConvTranspose", [x, w], [full[..., 1:-2]], 0, output_shape=[4],
         auto_pad="SAME_UPPER", **window)  # fmt: skip
    beyond = np.concatenate([full, np.zeros((1, 1, 2), np.float32)], -1)
    case("output_shape_beyond", "ConvTranspose", [x, w], [beyond], 0, output_shape=[9], **window)
    case("empty_batch", "ConvTranspose", [x[:0], w], [full[:0]], 0, **window)


POOLS = [
    # name, x, kernel, strides, pads, dilations
    ("1d", (2, 3, 7), [3], [2], [1, 0], [1]),
    ("2d", (1, 2, 6, 5), [2, 3], [2, 1], [0, 0, 0, 0], [1, 1]),
    ("pads", (1, 2, 5, 5), [3, 3], [2, 2], [1, 1, 1, 1], [1, 1]),
    ("uneven_pads", (1, 1, 4, 6), [2, 2], [2, 2], [0, 1, 1, 0], [1, 1]),
    ("dilations", (1, 1, 8, 9), [3, 2], [1, 2], [0, 0, 0, 0], [2, 3]),
    ("3d", (1, 2, 4, 5, 3), [2, 2, 2], [1, 2, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1]),
]


def pool(x, kernel, strides, pads, dilations, outside, reduce):
    """reduce([N, C, kernel...]) of every window over x padded with `outside`."""
    y = None
    for place, counts, part in windows(pad_spatial(x.astype(np.float64), pads, outside), kernel, strides, dilations):
        if y is None:
            y = np.zeros((*x.shape[:2], *counts))
        y[(slice(None), slice(None), *place)] = reduce(part.reshape(*x.shape[:2], -1))
    return y


def pools(case):
    for name, shape, kernel, strides, pads, dilations in POOLS:
        x = floats(*shape)
        window = {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": dilations}
        arguments = (x, kernel, strides, pads, dilations)
        greatest = pool(*arguments, -np.inf, lambda part: part.max(-1))
        average = pool(*arguments, np.nan, lambda part: np.nanmean(part, -1))
        average_all = pool(*arguments, 0, lambda part: part.mean(-1))
        norm = pool(*arguments, 0, lambda part: (np.abs(part) ** 3).sum(-1) ** (1 / 3))
        for suffix, to, layout in (("", lambda t: t, {}), ("_last", last, {"channels_last": 1})):
            case(name + suffix, "MaxPool", [to(x)], [(to(greatest), np.float32)], 0, **window, **layout)
            case(name + suffix, "AveragePool", [to(x)], [(to(average), np.float32)], 2, **window, **layout)
            case(f"{name}{suffix}_all", "AveragePool", [to(x)], [(to(average_all), np.float32)], 2, count_include_pad=1,
                 **window, **layout)  # fmt: skip
            case(name + suffix, "LpPool", [to(x)], [(to(norm), np.float32)], 2, p=3, **window, **layout)
    x = np.array([[[[1, 5, 2], [7, np.nan, 3], [-0.0, 4, 6]]]], np.float32)
    case("nan", "MaxPool", [x], [np.array([[[[np.nan, np.nan], [np.nan, np.nan]]]], np.float32)], kernel_shape=[2, 2])
    x = np.array([[[[1, 5, 2, 0], [7, 2, 3, 9]]]], np.float32)
    case("indices", "MaxPool", [x], [np.array([[[[7, 9]]]], np.float32), np.array([[[[4, 7]]]])], kernel_shape=[2, 2],
         strides=[2, 2])  # fmt: skip
    # ceil_mode: 5 wide by stride 2, windows 2 wide: the third window holds one element.
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    case("ceil", "MaxPool", [x], [np.array([[[1, 3, 4]]], np.float32)], kernel_shape=[2], strides=[2], ceil_mode=1)
    case(
        "ceil",
        "AveragePool",
        [x],
        [np.array([[[0.5, 2.5, 4]]], np.float32)],
        kernel_shape=[2],
        strides=[2],
        ceil_mode=1,
    )
    # A second window would start in the padding behind the 3 elements and is left out; with one more in front it starts
    # on the last element and stays.
    x = np.array([[[1, 2, 3]]], np.float32)
    window = {"kernel_shape": [2], "strides": [3], "ceil_mode": 1}
    case("ceil_starts_in_pad", "MaxPool", [x], [np.array([[[2]]], np.float32)], 0, pads=[0, 1], **window)
    case("ceil_starts_inside", "MaxPool", [x], [np.array([[[1, 3]]], np.float32)], 0, pads=[1, 1], **window)
    # The last window's second place is explicit padding, its third lies beyond and is not counted.
    window = {"kernel_shape": [3], "strides": [3], "pads": [0, 1], "ceil_mode": 1}
    x = np.array([[[1, 2, 3, 6]]], np.float32)
    case("ceil_pad_all", "AveragePool", [x], [np.array([[[2, 3]]], np.float32)], 2, count_include_pad=1, **window)
    case("ceil_pad", "AveragePool", [x], [np.array([[[2, 6]]], np.float32)], 2, **window)
    # A dilated kernel that steps over the whole input sees only padding.
    window = {"kernel_shape": [2], "dilations": [2], "pads": [1, 1]}
    x = np.array([[[5]]], np.float32)
    case("steps_over", "MaxPool", [x], [np.array([[[-np.inf]]], np.float32)], 0, **window)
    case("steps_over", "AveragePool", [x], [np.array([[[0]]], np.float32)], 0, **window)
    negative_zero = np.full((1, 1, 2), -0.0, np.float32)
    case("negative_zero", "MaxPool", [negative_zero], [negative_zero[..., :1]], 0, kernel_shape=[2])
    for auto_pad, y in (("SAME_UPPER", [5, 3, 7]), ("SAME_LOWER", [1, 5, 7]), ("VALID", [5, 3])):
        x = np.array([[[1, 5, 2, 3, 7]]], np.float32)
        case(auto_pad, "MaxPool", [x], [np.array([[y]], np.float32)], 0, kernel_shape=[2], strides=[2],
             auto_pad=auto_pad)  # fmt: skip
    case("empty_batch", "AveragePool", [floats(0, 2, 4)], [floats(0, 2, 3)], 0, kernel_shape=[2])
    for dtype in (np.int8, np.uint8):
        x = random.integers(0, 100, (1, 1, 4), dtype)
        case(np.dtype(dtype).name, "MaxPool", [x], [np.maximum(x[..., :-1], x[..., 1:])], kernel_shape=[2])
    for shape in ((2, 3, 4, 5), (1, 2, 7), (1, 1, 2, 2, 2)):
        x = floats(*shape)
        axes = tuple(range(2, len(shape)))
        mean, greatest = x.astype(np.float64).mean(axes, keepdims=True), x.max(axes, keepdims=True)
        name = "x".join(map(str, shape))
        for suffix, to, layout in (("", lambda t: t, {}), ("_last", last, {"channels_last": 1})):
            case(name + suffix, "GlobalAveragePool", [to(x)], [(to(mean), np.float32)], 2, **layout)
            case(name + suffix, "GlobalMaxPool", [to(x)], [to(greatest)], 0, **layout)
    x, scale, bias = floats(2, 3, 4, 5), floats(3), floats(3)
    centred = x - x.astype(np.float64).mean((2, 3), keepdims=True)
    y = centred / np.sqrt((centred**2).mean((2, 3), keepdims=True) + 1e-5) * scale[:, None, None] + bias[:, None, None]
    case("2d", "InstanceNormalization", [x, scale, bias], [(y, np.float32)], 4)


def whole(values):
    """Integers as NumPy has them in ONNX."""
    return np.array(values, np.int64)


def moves(case):
    x = floats(2, 3, 4)
    for dtype in (np.float32, np.float16, np.float64, np.int8, np.uint16, np.int64, bool):
        typed = (x * 10).astype(dtype)
        name = np.dtype(dtype).name
        case(name, "Transpose", [typed], [typed.T])
        case(name, "Concat", [typed, typed[:, :1]], [np.concatenate([typed, typed[:, :1]], 1)], axis=1)
        case(name, "Gather", [typed, whole([2, 0, -1])], [typed[:, [2, 0, -1]]], axis=1)
        case(name, "Slice", [typed, whole([1]), whole([3]), whole([1])], [typed[:, 1:3]])
    for perm in itertools.permutations(range(3)):
        case("perm" + "".join(map(str, perm)), "Transpose", [x], [x.transpose(perm)], perm=list(perm))
    case("scalar", "Transpose", [np.float32(3)], [np.float32(3)])
    case("empty", "Transpose", [floats(0, 2)], [floats(2, 0)])
    case("negative_axis", "Concat", [x, x, floats(2, 3, 0)], [np.concatenate([x, x], -1)], axis=-1)
    case("one", "Concat", [x], [x], axis=0)

    case("equal", "Split", [x], [x[..., :2], x[..., 2:]], axis=2, num_outputs=2)
    case("rest", "Split", [x], [x[:, :2], x[:, 2:]], axis=1, num_outputs=2)
    case("sizes", "Split", [x, whole([1, 0, 3])], [x[..., :1], x[..., 1:1], x[..., 1:]], axis=-1)

    slices = [
        ("negative", [-3], [-1], [2], None, np.s_[:, :, -3:-1]),
        ("step", [0, 3], [3, 0], [1, 2], [2, -1], np.s_[:, 0:3:2, 3:0:-1]),
        ("out_of_range", [-100], [100], [0], None, np.s_[:]),
        ("reversed", [-1], [-100], [2], [-1], np.s_[:, :, ::-1]),
        ("empty", [3], [1], [2], None, np.s_[:, :, 3:1]),
    ]
    for name, starts, ends, axes, steps, cut in slices:
        inputs = [x, whole(starts), whole(ends), whole(axes)] + ([whole(steps)] if steps else [])
        case(name, "Slice", inputs, [x[cut]])
    case("first_axes", "Slice", [x, whole([1, 0]), whole([2, 2])], [x[1:2, 0:2]])

    case("scalar_index", "Gather", [x, np.array(-2)], [x[..., -2]], axis=2)
    case("matrix_index", "Gather", [x, whole([[0, 1], [1, 0]])], [x[[[0, 1], [1, 0]]]])
    index = whole([[[0, 2, 1, -1]], [[2, 2, 0, 1]]])
    case("axis1", "GatherElements", [x, index], [np.take_along_axis(x, index % 3, 1)], axis=1)
    case("slices", "GatherND", [x, whole([[0, 1], [1, 2]])], [x[[0, 1], [1, 2]]])
    case("elements", "GatherND", [x, whole([[1, 2, 3], [0, 0, -1]])], [x[[1, 0], [2, 0], [3, -1]]])
    case("batch", "GatherND", [x, whole([[1], [0]])], [np.stack([x[0, 1], x[1, 0]])], batch_dims=1)
    updated = x.copy()
    updated[[0, 1], [1, 2]] = [[1, 2, 3, 4], [5, 6, 7, 8]]
    case(
        "slices", "ScatterND", [x, whole([[0, 1], [1, 2]]), np.arange(1, 9, dtype=np.float32).reshape(2, 4)], [updated]
    )
    added = np.zeros(4, np.float32)
    np.add.at(added, [1, 1, 3], [1, 2, 4])
    inputs = [np.zeros(4, np.float32), whole([[1], [1], [3]]), np.array([1, 2, 4], np.float32)]
    case("add", "ScatterND", inputs, [added], reduction="add")

    for mode in ("constant", "edge", "reflect", "wrap"):
        case(mode, "Pad", [x, whole([1, 0, 2, 0, 2, 1])], [np.pad(x, [(1, 0), (0, 2), (2, 1)], mode=mode)], mode=mode)
    for mode in ("reflect", "wrap"):  # further than the axis is long
        long = np.pad(np.arange(3), (8, 7), mode=mode)
        case(f"{mode}_far", "Pad", [np.arange(3), whole([8, 7])], [long], mode=mode)
    case("reflect_one", "Pad", [whole([5]), whole([2, 1])], [whole([5, 5, 5, 5])], mode="reflect")
    case("empty", "Pad", [floats(0, 2), whole([1, 0, 1, 0])], [np.zeros((2, 2), np.float32)])
    case("scalar", "Pad", [np.float32(3), whole([])], [np.float32(3)])
    filled = np.pad(x, [(0, 0), (0, 0), (1, 2)], constant_values=7)
    case("value", "Pad", [x, whole([0, 0, 1, 0, 0, 2]), np.float32(7)], [filled])
    case("axes", "Pad", [x, whole([1, 2]), np.float32(7), whole([-1])], [filled])
    case("negative", "Pad", [x, whole([0, -1, 0, 0, 0, -2])], [x[:, 1:, :-2]])

    case("axes", "Squeeze", [x[:, None, :, None], whole([1, -2])], [x])
    case("all", "Squeeze", [x[None, :, :, :1]], [x[:, :, 0]])
    case("axes", "Unsqueeze", [x, whole([0, -1])], [x[None, ..., None]])
    case("scalar", "Unsqueeze", [np.float32(2), whole([0])], [np.array([2], np.float32)])
    case("rows", "Expand", [x[:, :1], whole([2, 3, 4])], [np.broadcast_to(x[:, :1], (2, 3, 4))])
    case("both", "Expand", [floats(1), whole([2, 0])], [np.zeros((2, 0), np.float32)])
    case("kept", "Expand", [x, whole([1, 1])], [x])
    case("twice", "Tile", [x, whole([1, 2, 3])], [np.tile(x, (1, 2, 3))])
    case("none", "Tile", [x, whole([1, 0, 1])], [np.tile(x, (1, 0, 1))])
    case("all", "Shape", [x], [whole([2, 3, 4])])
    case("part", "Shape", [x], [whole([3])], start=1, end=-1)
    case("scalar", "Shape", [np.float32(1)], [whole([])])
    case("all", "Size", [x], [np.array(24)])
    case("zeros", "ConstantOfShape", [whole([2, 3])], [np.zeros((2, 3), np.float32)])
    case("scalar", "ConstantOfShape", [whole([])], [np.float32(0)])
    case("up", "Range", [whole(2).reshape(()), whole(9).reshape(()), whole(3).reshape(())], [np.arange(2, 9, 3)])
    case("down", "Range", [np.float32(3), np.float32(-1), np.float32(-1.5)], [np.arange(3, -1, -1.5, np.float32)])
    case("none", "Range", [np.array(3), np.array(1), np.array(1)], [whole([])])
    places = np.array([[1, 0, 2], [0, 0, -3]], np.int32)
    case("places", "NonZero", [places], [np.stack(np.nonzero(places))])
    case("scalar", "NonZero", [np.float32(0)], [np.zeros((0, 0), np.int64)])
    hot = np.full((3, 4), -1, np.float32)
    hot[[0, 1], [2, 3]] = 5  # -1 counts from the end; 7 names no place
    case("last", "OneHot", [whole([2, -1, 7]), np.array(4), np.array([-1, 5], np.float32)], [hot])
    case("first", "OneHot", [whole([2, -1, 7]), np.array(4), np.array([-1, 5], np.float32)], [hot.T], axis=0)
    sums = np.cumsum(x.astype(np.float64), 1)
    case("axis1", "CumSum", [x, np.array(1)], [(sums, np.float32)], 2)
    case("exclusive", "CumSum", [x, np.array(1)], [(sums - x, np.float32)], 4, exclusive=1)
    backwards = np.cumsum(x[:, ::-1].astype(np.float64), 1)[:, ::-1]
    case("reverse", "CumSum", [x, np.array(-2, np.int32)], [(backwards, np.float32)], 2, reverse=1)
    for k in (-1, 0, 2):
        case(f"k{k}", "EyeLike", [floats(3, 4)], [np.eye(3, 4, k, np.float32)], k=k)
    y = floats(1, 8, 2, 3)
    blocks = y.reshape(1, 2, 2, 2, 2, 3)
    case("dcr", "DepthToSpace", [y], [blocks.transpose(0, 3, 4, 1, 5, 2).reshape(1, 2, 4, 6)], blocksize=2)
    crd = y.reshape(1, 2, 2, 2, 2, 3).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 4, 6)
    case("crd", "DepthToSpace", [y], [crd], blocksize=2, mode="CRD")
    back = blocks.transpose(0, 3, 4, 1, 5, 2).reshape(1, 2, 4, 6)
    case("back", "SpaceToDepth", [back], [y], blocksize=2)
    case("back_crd", "SpaceToDepth", [crd], [y], blocksize=2, mode="CRD")


def casts(case):
    values = np.array([0.0, -0.0, 1.5, -2.7, 255.9, 1e5, 3.0])
    for source in (np.float32, np.float64):
        for to, number in ((np.int32, 6), (np.int64, 7), (np.float64, 11), (np.float32, 1), (bool, 9)):
            case(f"{np.dtype(source).name}_{np.dtype(to).name}", "Cast", [values.astype(source)],
                 [values.astype(source).astype(to)], 0, to=number)  # fmt: skip
    case("saturates", "Cast", [np.array([1e9, -1e9, np.nan, np.inf])], [np.array([127, -128, 0, 127], np.int8)], to=3)
    case("wraps", "Cast", [whole([300, -1])], [np.array([44, 255], np.uint8)], to=2)
    case(
        "half", "Cast", [np.array([1.0, 65519.0, 2049.0, 1e-8])], [np.array([1, 65504, 2048, 0], np.float16)], 0, to=10
    )
    case("like", "CastLike", [whole([1, 2]), np.zeros(3, np.float32)], [np.array([1, 2], np.float32)])


def resizes(case):
    def interpolated(x, size, place):
        """Linear interpolation along the last axis at place(i), clamped to the ends."""
        at = np.clip(np.array([place(i) for i in range(size)]), 0, x.shape[-1] - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, x.shape[-1] - 1)
        return x[..., low] * (1 - (at - low)) + x[..., high] * (at - low)

    def both(x, height, width, rule):
        y = interpolated(x.astype(np.float64), width, rule(x.shape[3], width))
        return np.moveaxis(interpolated(np.moveaxis(y, 2, 3), height, rule(x.shape[2], height)), 2, 3)

    rules = {
        "half_pixel": lambda old, new: lambda i: (i + 0.5) * old / new - 0.5,
        "asymmetric": lambda old, new: lambda i: i * old / new,
        "align_corners": lambda old, new: lambda i: i * (old - 1) / (new - 1) if new > 1 else 0,
        "pytorch_half_pixel": lambda old, new: lambda i: (i + 0.5) * old / new - 0.5 if new > 1 else 0,
    }
    for (mode, rule), (name, height, width) in itertools.product(
        rules.items(), (("up", 7, 6), ("down", 2, 3), ("one", 1, 1), ("same", 3, 5))
    ):
        x = floats(1, 2, 3, 5)
        case(f"{mode}_{name}", "Resize", [x, None, None, whole([1, 2, height, width])],
             [(both(x, height, width, rule), np.float32)], 16, mode="linear",
             coordinate_transformation_mode=mode)  # fmt: skip
    x = floats(1, 1, 3, 4)
    scales = np.array([1, 1, 2, 2], np.float32)
    case("nearest_up", "Resize", [x, None, scales], [x.repeat(2, 2).repeat(2, 3)], 0)
    nearest = x[:, :, [0, 0, 1, 1, 2, 2]][..., [0, 0, 1, 1, 2, 2, 3, 3]]
    case("nearest_asymmetric_floor", "Resize", [x, None, scales], [nearest], 0, nearest_mode="floor",
         coordinate_transformation_mode="asymmetric")  # fmt: skip
    case("axes", "Resize", [x, None, None, whole([6])], [x.repeat(2, 2)], 0, axes=[2])
    case("empty", "Resize", [floats(0, 2), None, None, whole([0, 4])], [floats(0, 4)], 0)

    # Nearest, along one axis, from the rounded places alone.
    round_places = {
        "round_prefer_floor": lambda at: np.ceil(at - 0.5),
        "round_prefer_ceil": lambda at: np.floor(at + 0.5),
        "floor": np.floor,
        "ceil": np.ceil,
    }
    x = random.integers(-100, 100, 5).astype(np.int8)
    for (mode, rule), (nearest_mode, rounded), size in itertools.product(
        rules.items(), round_places.items(), (2, 7, 10)
    ):
        at = rounded(np.array([rule(5, size)(i) for i in range(size)]))
        case(f"{mode}_{nearest_mode}_{size}", "Resize", [x, None, None, whole([size])],
             [x[np.clip(at, 0, 4).astype(int)]], 0, nearest_mode=nearest_mode,
             coordinate_transformation_mode=mode)  # fmt: skip

    def keys(distance, a):
        """The cubic convolution kernel by its pieces, Keys 1981."""
        d = np.abs(distance)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0))

    def cubic(x, size, place, a, exclude):
        """Every source place's weight, those beyond the ends added to the outermost or left out."""
        weights = np.zeros((size, len(x)))
        for i in range(size):
            around = np.floor(place(i)) + np.arange(-3, 5)
            for at, weight in zip(around, keys(place(i) - around, a), strict=True):
                if not exclude or 0 <= at < len(x):
                    weights[i, int(np.clip(at, 0, len(x) - 1))] += weight
        return (weights / weights.sum(1, keepdims=True)) @ x.astype(np.float64)

    for mode, size, a, exclude in itertools.product(("half_pixel", "asymmetric"), (3, 8), (-0.75, -0.5), (0, 1)):
        x = floats(5)
        y = cubic(x, size, rules[mode](5, size), a, exclude)
        case(f"cubic_{mode}_{size}_{a}_{exclude}", "Resize", [x, None, None, whole([size])], [(y, np.float32)], 64,
             mode="cubic", coordinate_transformation_mode=mode, cubic_coeff_a=a, exclude_outside=exclude)  # fmt: skip

    # By scales: the extent is floored, the scale is not: 5 * 0.7 = 3.5 is 3 places, 1 / 0.7 apart.
    x, scale = floats(5), np.float32(0.7)
    y = interpolated(x.astype(np.float64), 3, lambda i: (i + 0.5) / float(scale) - 0.5)
    case("floored", "Resize", [x, None, scale[None]], [(y, np.float32)], 16, mode="linear")
    # Centred: the 3 places stand for 3.5, so that the first lies a quarter of 1 / 0.7 further inside.
    y = interpolated(x.astype(np.float64), 3, lambda i: (i + 0.5 + 0.25) / float(scale) - 0.5)
    case("symmetric", "Resize", [x, None, scale[None]], [(y, np.float32)], 16, mode="linear",
         coordinate_transformation_mode="half_pixel_symmetric")  # fmt: skip
    # 10 * 0.7 is 7 in f32, although just below it in f64.
    x = floats(10)
    y = interpolated(x.astype(np.float64), 7, lambda i: (i + 0.5) / float(scale) - 0.5)
    case("in_f32", "Resize", [x, None, scale[None]], [(y, np.float32)], 16, mode="linear")


GROUPS = (conv, conv_transpose, pools, moves, casts, resizes)
