# SPDX-License-Identifier: Apache-2.0
"""What several tests need: the repository's folders, and MNIST where it is at hand."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "lenet5"))


def find_mnist():
    """The folder of MNIST's files: $TENON_MNIST; unset, where mnist.py puts them, or `shared` beside the repository."""
    folders = [ROOT / "build" / "mnist", ROOT.parent / "shared" / "mnist"]
    if "TENON_MNIST" in os.environ:
        folders = [Path(os.environ["TENON_MNIST"])]
    return next((folder for folder in folders if (folder / "t10k-images-idx3-ubyte.gz").exists()), None)


@pytest.fixture(scope="session")
def mnist_test_images():
    """MNIST's test images, float32 [10000, 1, 28, 28] from 0 to 1, and their labels; skips where they are not there."""
    import mnist

    folder = find_mnist()
    if folder is None:
        pytest.skip("MNIST is not there: fetch it with examples/lenet5/mnist.py, or name its folder in TENON_MNIST")
    return mnist.load(folder, "t10k")


class Foreign:
    """Something that speaks DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()
