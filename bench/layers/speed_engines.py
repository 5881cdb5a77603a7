#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The twelve layers of formulas/ in each engine: the worker of speed.py.

Everybody writes to an array that exists, but for NumPy, which is asked as it usually is.
"""

import importlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import worker
from formulas.inputs import make_inputs, output_shape

SAMPLE = 32768  # How many elements of either end of the result are compared.


class Engine:
    """An engine whose formula is the function of that name in formulas/with_<NAME>.py."""

    NAME = ""

    def __init__(self, job, inputs):
        formula = getattr(importlib.import_module(f"formulas.with_{self.NAME}"), job["layer"])
        self.result = np.empty(output_shape(job["layer"], inputs[0]), np.float32)
        self.prepare(formula, inputs, job["threads"])

    def output(self):
        self.run()
        flat = self.result.ravel()
        return np.concatenate([flat[:SAMPLE], flat[-SAMPLE:]])


class Numpy(Engine):
    """One thread, and an array for each intermediate."""

    NAME = "numpy"

    def prepare(self, formula, inputs, threads):
        def run():
            self.result = formula(*inputs)

        self.run = run


class Tenon(Engine):
    """A graph of the one layer."""

    NAME = "tenon"

    def prepare(self, formula, inputs, threads):
        import tenon

        graph = tenon.Graph()
        names = [graph.add_input(f"x{index}", x.dtype, x.shape).name for index, x in enumerate(inputs)]
        graph.add_node(tenon.NodeSpec("layer", formula(), inputs=names))
        graph.set_outputs(["layer"])
        context = tenon.compile(graph).context(threads=threads)
        self.run = lambda: context.run(*inputs, out=self.result)


class Torch(Engine):
    """torch.compile, for these shapes."""

    NAME = "torch"

    def prepare(self, formula, inputs, threads):
        import torch

        torch.set_num_threads(threads)
        tensors = [torch.from_numpy(x) for x in inputs]
        result = torch.from_numpy(self.result)

        @torch.compile(dynamic=False)
        def compiled(result, *tensors):
            result.copy_(formula(*tensors))

        def run():
            with torch.no_grad():
                compiled(result, *tensors)

        self.run = run


class Numexpr(Engine):
    """By blocks in cache, in several threads."""

    NAME = "numexpr"

    def prepare(self, formula, inputs, threads):
        import numexpr

        numexpr.set_num_threads(threads)
        expression, operands = formula(*inputs)
        numexpr.validate(expression, operands, {}, out=self.result)
        self.run = lambda: numexpr.re_evaluate(operands)


class Numba(Engine):
    """Loops over what can be done in parallel, vectorised by LLVM."""

    NAME = "numba"

    def prepare(self, formula, inputs, threads):
        import numba

        numba.set_num_threads(threads)
        self.run = lambda: formula(*inputs, self.result)


class Copy(Engine):
    """The C library's memcpy in as many threads, each with its part: what the machine's memory gives."""

    def __init__(self, job, inputs):
        self.result = np.empty_like(inputs[0])
        parts = list(zip(*(np.array_split(x.ravel(), job["threads"]) for x in (self.result, inputs[0])), strict=True))
        pool = ThreadPoolExecutor(len(parts))
        self.run = lambda: list(pool.map(lambda part: np.copyto(*part), parts))


ENGINES = {"numpy": Numpy, "tenon": Tenon, "torch": Torch, "numexpr": Numexpr, "numba": Numba, "copy": Copy}


def load(job):
    inputs = make_inputs(job["layer"], job["count"])
    start = time.perf_counter()
    engine = ENGINES[job["engine"]](job, inputs)
    engine.run()
    return engine, time.perf_counter() - start


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    worker.serve(job, lambda: load(job))
