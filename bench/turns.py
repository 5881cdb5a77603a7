# SPDX-License-Identifier: Apache-2.0
"""Engines that take turns, each in a process of its own, so that none of them is measured beside another.

Engines keep threads that spin for a while after a run: whoever has not its turn is stopped by signal.
"""

import json
import os
import signal
import subprocess
import sys

import numpy as np


class EngineError(Exception):
    """An engine that cannot do what it is to be measured at; the text names it and says why."""


class Worker:
    """An engine's process: `script` with `job`, a dictionary that names at least its engine, threads and result."""

    def __init__(self, script, job):
        self.engine = job["engine"]
        self.times_ns = []
        self.process = subprocess.Popen(
            [sys.executable, str(script), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(job["threads"])},
        )
        try:
            answer = self._answer()
        except EngineError:
            self.close()
            raise
        self.load_s = answer["load_s"]
        self.peak_bytes = answer["peak_bytes"]
        self.result = np.load(job["result"])
        self.process.send_signal(signal.SIGSTOP)

    def take_turn(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        print(seconds, file=self.process.stdin, flush=True)
        answer = self._answer()
        self.process.send_signal(signal.SIGSTOP)
        self.times_ns += answer["times_ns"]
        self.peak_bytes = answer["peak_bytes"]

    def close(self):
        self.process.kill()
        self.process.wait()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise EngineError(f"{self.engine}: ended with status {self.process.wait()}; its message is above")
        answer = json.loads(line)
        if "error" in answer:
            raise EngineError(f"{self.engine}: {answer['error']}")
        return answer


def take_turns(workers, rounds, seconds):
    """Every other round backwards, so that nobody always runs after the same neighbour."""
    for turn in range(rounds):
        for worker in workers if turn % 2 == 0 else reversed(workers):
            worker.take_turn(seconds)


def warn_of_load():
    if (load := os.getloadavg()[0]) > 0.5:
        print(f"bench: load average {load:.1f}: something else is running, and times will say so", file=sys.stderr)
