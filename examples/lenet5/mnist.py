#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MNIST, the handwritten digits: fetches the four files, checks them, and reads them as NumPy arrays.

    python mnist.py --data DIR

The files are the original ones (IDX format, gzip). A file that is there already is checked, not fetched again.
"""

import argparse
import gzip
import hashlib
import os
import struct
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "build" / "mnist"
SHA256 = {
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "train-images-idx3-ubyte.gz": "71524e2cd1ad2968737f7f2f2ff69cbfc32df8ccddff51593f7cb2d4e0eb5b64",
    "train-labels-idx1-ubyte.gz": "fe03b8bd7915f70bf5aa08be480aa413fbd85afcaa58b35d230d335f284fd88e",
}


class MnistError(Exception):
    """A file that cannot be fetched, or is not what it has to be."""


def fetch(data, url=URL):
    """Makes sure that the folder `data` holds the four files, each with its known SHA-256."""
    data = Path(data)
    data.mkdir(parents=True, exist_ok=True)
    for name, expected in SHA256.items():
        path = data / name
        if not path.exists():
            _download(url.rstrip("/") + "/" + name, path, expected)
        elif (found := _sha256(path)) != expected:
            raise MnistError(f"{path}: SHA-256 is {found}, must be {expected}; remove the file to fetch it again")


def read_idx(path):
    """Reads one gzip-compressed IDX file of unsigned bytes; the shape is the one in the file."""
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
    except (OSError, EOFError) as error:
        raise MnistError(f"{path}: not a readable gzip file: {error}") from error
    # Header: two zero bytes, the element type (8 is unsigned byte), the rank, then one big-endian u32 per dimension.
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise MnistError(f"{path}: starts with {content[:4].hex()}, but an IDX file of bytes starts with 000008")
    rank = content[3]
    if len(content) < 4 + 4 * rank:
        raise MnistError(f"{path}: ends within its header")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if values.size != np.prod(shape, dtype=np.uint64):
        raise MnistError(f"{path}: holds {values.size} values, but its header says {shape}")
    return values.reshape(shape)


def load(data, part):
    """The images as float32 [n, 1, 28, 28] from 0 (paper) to 1 (ink), and the labels as int64 [n].

    `part` is "train" (60,000 images) or "t10k" (10,000 for testing).
    """
    images = read_idx(Path(data) / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(Path(data) / f"{part}-labels-idx1-ubyte.gz")
    if images.ndim != 3 or images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
        raise MnistError(f"{data}: {part} has images {images.shape} and labels {labels.shape}, not [n, 28, 28] and [n]")
    return images[:, None].astype(np.float32) / np.float32(255), labels.astype(np.int64)


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(url, path, expected):
    part = path.with_name(path.name + ".part")
    digest = hashlib.sha256()
    progress = sys.stderr.isatty()
    try:
        with urllib.request.urlopen(url, timeout=60) as response, open(part, "wb") as file:
            total = int(response.headers.get("Content-Length", 0))
            while block := response.read(1 << 16):
                file.write(block)
                digest.update(block)
                if progress:
                    share = f"{100 * file.tell() // total:3d} %" if total else f"{file.tell() >> 10} KiB"
                    print(f"\r{path.name} {share}", end="", file=sys.stderr)
        if progress:
            print(file=sys.stderr)
        if digest.hexdigest() != expected:
            raise MnistError(f"{url}: SHA-256 is {digest.hexdigest()}, must be {expected}")
        os.replace(part, path)
    except (OSError, urllib.error.URLError) as error:
        raise MnistError(f"{url}: {error}; with the files at hand, put them into a folder and use --data") from error
    finally:
        part.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description="Fetches the MNIST files and checks them.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the files (default: %(default)s)")
    parser.add_argument("--url", default=URL, help="where the files are (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        fetch(arguments.data, arguments.url)
        for part in "train", "t10k":
            images, labels = load(arguments.data, part)
            print(f"{part}: images {list(images.shape)}, labels {list(labels.shape)}")
    except MnistError as error:
        sys.exit(f"mnist: {error}")


if __name__ == "__main__":
    main()
