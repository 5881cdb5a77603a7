#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One engine with one model in a process of its own, which runs when bench/run.py says so.

Engines keep threads that spin for a while after a run, and each has its own: two of them in one process would measure
each other. So every engine gets a process, and run.py lets one of them run at a time.

The protocol is a JSON object per line: the job as the argument; then the answer to loading, which may be an error;
then, for each number of seconds read, the times of the runs in that span.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

PR_SET_PDEATHSIG = 1  # From <sys/prctl.h>.


class OnnxRuntime:
    """Inputs and outputs are bound once, which spares a call the search for names and the output's allocation."""

    MODULE = "onnxruntime"

    def __init__(self, job, images):
        import onnxruntime as ort

        ort.set_default_logger_severity(3)
        options = ort.SessionOptions()
        self.prepare(options)
        options.intra_op_num_threads = job["threads"]
        options.inter_op_num_threads = 1
        session = ort.InferenceSession(job["files"]["onnx"], options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_ortvalue_input(session.get_inputs()[0].name, ort.OrtValue.ortvalue_from_numpy(images))
        shape = [len(images), *session.get_outputs()[0].shape[1:]]
        self.result = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32)
        binding.bind_ortvalue_output(session.get_outputs()[0].name, self.result)
        self.run = lambda: session.run_with_iobinding(binding)

    def prepare(self, options):
        """What is to be done before the model is loaded."""

    def output(self):
        return self.result.numpy()


class OpenVino:
    """Reads the TensorFlow file; compiled for the one batch, in float32."""

    MODULE = "openvino"

    def __init__(self, job, images):
        import openvino as ov

        core = ov.Core()
        self.prepare(core)
        model = core.read_model(job["files"]["pb"])
        model.reshape(list(images.shape))
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": job["threads"],
            "INFERENCE_PRECISION_HINT": "f32",
        }
        request = core.compile_model(model, "CPU", options).create_infer_request()
        request.set_input_tensor(ov.Tensor(images, shared_memory=True))
        self.request = request
        self.run = request.infer

    def prepare(self, core):
        """What is to be done before the model is read."""

    def output(self):
        return self.request.get_output_tensor(0).data.copy()


class TensorFlow:
    """A session's callable, which is faster than Session.run and than a concrete function."""

    MODULE = "tensorflow"

    def __init__(self, job, images):
        import tensorflow as tf

        v1 = tf.compat.v1
        config = v1.ConfigProto(intra_op_parallelism_threads=job["threads"], inter_op_parallelism_threads=1)
        with open(job["files"]["pb"], "rb") as file:
            graph_def = v1.GraphDef.FromString(file.read())
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
            session = v1.Session(graph=graph, config=config)
        call = session.make_callable(job["output"] + ":0", [job["input"] + ":0"])
        self.run = lambda: call(images)

    def output(self):
        return self.run()


class Tenon:
    """Runs a plan that was compiled before."""

    MODULE = "tenon"

    def __init__(self, job, images):
        import tenon

        if job["plugin"]:
            tenon.load_plugin(job["plugin"])
        context = tenon.Engine.load(job["files"]["plan"]).context(threads=job["threads"])
        inputs = {job["input"]: images}
        self.result = context.run(inputs)
        self.run = lambda: context.run(inputs, out=self.result)

    def output(self):
        self.run()
        return self.result


ENGINES = {"tenon": Tenon, "tenon + own clip": Tenon}
ENGINES |= {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "tensorflow": TensorFlow}


def peak_bytes():
    """The most memory that this process has held so far; getrusage would count what started it, too."""
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def measure(run, seconds):
    """Times single runs for about `seconds`, at least three, after a tenth of that to get going."""
    clock = time.perf_counter_ns
    times = []
    end = clock() + int(seconds * 1e8)
    while True:
        run()
        if clock() >= end:
            break
    end = clock() + int(seconds * 1e9)
    while True:
        start = clock()
        run()
        stop = clock()
        times.append(stop - start)
        if stop >= end and len(times) >= 3:
            return times


def load(adapter, job):
    """The engine after its first run, and how long it took to get there."""
    images = np.load(job["images"])
    importlib.import_module(adapter.MODULE)  # Importing is not loading.
    start = time.perf_counter()
    engine = adapter(job, images)
    engine.borrowed = images  # Some engines hold on to the memory only.
    engine.run()
    return engine, time.perf_counter() - start


def serve(job, make):
    """Speaks the protocol for the engine that make() gives, with the seconds that it took."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # Or a stopped worker would outlive a killed run.py.
    # The answers go to what is standard output now; what libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    try:
        engine, load_s = make()
        np.save(job["result"], engine.output())
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = next(iter(str(error).splitlines()), "")
        answer(error=f"{type(error).__name__}: {reason} ({os.path.basename(where.filename)}:{where.lineno})")
        return
    answer(load_s=load_s, peak_bytes=peak_bytes())
    for line in sys.stdin:
        answer(times_ns=measure(engine.run, float(line)), peak_bytes=peak_bytes())


def main(engines):
    job = json.loads(sys.argv[1])
    serve(job, lambda: load(engines[job["engine"]], job))


if __name__ == "__main__":
    main(ENGINES)
