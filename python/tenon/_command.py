# SPDX-License-Identifier: Apache-2.0
"""The `tenon` command of an installed package: hands over to the program that lies beside this file."""

import os
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Replaces this process by the program, with the same arguments."""
    program = Path(__file__).parent / "bin" / "tenon"
    os.execv(program, ["tenon", *sys.argv[1:]])
