# SPDX-License-Identifier: Apache-2.0
"""Executes the code blocks of README.md, CONTRIBUTING.md and docs/: docs_blocks.py [file.md...].

```console   each line that starts with "$ " is run by bash and must succeed ("$ ! command": must fail). Lines below it
             are its expected output (stdout and stderr together); a line "..." stands for any lines, "..." within a
             line for any text. Without such lines any output will do.
```bash, sh  run as a script that stops at the first failure.
```python    run by .venv/bin/python.
```cpp       compiled against the dev build and run; without a main() its statements are put into one, below its
             #include lines. One with TENON_PLUGIN(Clip, ...) is compiled to the plugin ./libclip.so and loaded.

The blocks of one file run in order, in one scratch folder that looks like the repository (links to what lies there);
`tenon` is on the path, and the Python module can be imported. A block is left out only with a reason:
```console no-run="needs root". Blocks in other languages (c, cmake, text, ...) are for reading.
"""

import ctypes
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/dev"
PREFIX = BUILD / "docs_prefix"  # Where the build is installed, for pages that find_package(tenon).
FENCE = re.compile(r"^```(\w+)?[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
RUNNABLE = ("console", "bash", "sh", "python", "cpp")
TIMEOUT = 600


class BlockError(Exception):
    """A block did not do what the page says."""


def environment():
    """The user's environment, with our build first on every path, and its installation where CMake looks."""
    paths = [BUILD / "bin", ROOT / ".venv/bin", os.environ["PATH"]]
    return {
        **os.environ,
        "PATH": os.pathsep.join(map(str, paths)),
        "PYTHONPATH": str(BUILD / "python"),
        "CMAKE_PREFIX_PATH": str(PREFIX),
    }


def execute(command, folder, env):
    """Exit code and output of a program run in the scratch folder."""
    result = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout


def matches(expected, output):
    """Whether the output is what the page shows, given its '...' wildcards."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ \t]*\n"
    return re.fullmatch(pattern, output.rstrip("\n") + "\n") is not None


def run_console(text, folder, env):
    """Runs a console block: commands, continued by a backslash at the end of a line, and their outputs."""
    steps = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        elif steps and not steps[-1][1] and steps[-1][0].endswith("\\"):
            steps[-1] = (steps[-1][0] + "\n" + line, [])
        elif steps:
            steps[-1][1].append(line)
        elif line.strip():
            raise BlockError(f"a console block starts with '$ ', this one with '{line}'")
    for command, expected in steps:
        while expected and not expected[-1].strip():
            expected.pop()
        negated = command.startswith("! ")
        code, output = execute(["bash", "-c", command.removeprefix("! ")], folder, env)
        if (code != 0) != negated:
            raise BlockError(f"$ {command}\n{output}exit code {code}")
        if expected and not matches(expected, output):
            shown = "\n".join(expected)
            raise BlockError(f"$ {command}\nThe page shows:\n{shown}\nThe command printed:\n{output}")


def build_plugin(text, layer, folder, env, start):
    """Compiles a C++ block to the plugin lib<layer>.so in the scratch folder, for later blocks, and loads it."""
    source, plugin = folder / "block.cpp", folder / f"lib{layer.lower()}.so"
    source.write_text(text + "\n")
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", f"-I{ROOT / 'include'}"]
    code, output = execute([*command, str(source), "-o", str(plugin)], folder, env)
    if code != 0:
        raise BlockError(f"line {start}: g++: exit code {code}\n{output}")
    try:
        assert ctypes.CDLL(str(plugin)).tenon_plugin_entry
    except (OSError, AttributeError) as error:
        raise BlockError(f"line {start}: {plugin.name} is not a plugin: {error}") from error


def run_cpp(text, folder, env, start):
    """Compiles a C++ block against libtenon of the build, and runs it."""
    if plugin := re.search(r"^TENON_PLUGIN\((\w+)", text, re.MULTILINE):
        build_plugin(text, plugin.group(1), folder, env, start)
        return
    if not re.search(r"\bmain\s*\(", text):
        lines = text.splitlines()
        includes = [line for line in lines if line.startswith("#include")]
        body = [line for line in lines if not line.startswith("#include")]
        text = "\n".join([*includes, "int main() {", *body, "}"])
    source = folder / "block.cpp"
    source.write_text(text + "\n")
    library = BUILD / "lib"
    command = ["g++", "-std=c++20", "-O0", f"-I{ROOT / 'include'}", str(source), "-o", str(folder / "block")]
    command += [f"-L{library}", "-ltenon", f"-Wl,-rpath,{library}", f"-Wl,-rpath-link,{ROOT / '.venv/lib'}"]
    for step in (command, [str(folder / "block")]):
        code, output = execute(step, folder, env)
        if code != 0:
            raise BlockError(f"line {start}: {step[0]}: exit code {code}\n{output}")


def run_block(language, text, folder, env, line):
    """Runs one block of whatever language."""
    if language == "console":
        run_console(text, folder, env)
    elif language == "cpp":
        run_cpp(text, folder, env, line)
    else:
        program = [ROOT / ".venv/bin/python", "-c"] if language == "python" else ["bash", "-euo", "pipefail", "-c"]
        code, output = execute([*program, text], folder, env)
        if code != 0:
            raise BlockError(f"exit code {code}\n{output}")


def run_page(page):
    """Runs the blocks of a page; returns (number run, problems)."""
    count, problems = 0, []
    with tempfile.TemporaryDirectory(prefix="tenon-docs-") as name:
        folder = pathlib.Path(name)
        for entry in ROOT.iterdir():
            if entry.name != ".git":
                (folder / entry.name).symlink_to(entry)
        env = environment()
        content = page.read_text()
        for match in FENCE.finditer(content):
            language, info, text = match.group(1), match.group(2).strip(), match.group(3)
            if language not in RUNNABLE:
                continue
            line = content.count("\n", 0, match.start()) + 1
            where = f"{page.relative_to(ROOT)}:{line}"
            if info.startswith("no-run"):
                if not re.fullmatch(r'no-run="[^"]{4,}"', info):
                    problems.append(f'{where}: no-run must have a reason: no-run="needs root"')
                continue
            if info:
                problems.append(f"{where}: unknown info '{info}'")
                continue
            count += 1
            try:
                run_block(language, text, folder, env, line)
            except (BlockError, subprocess.TimeoutExpired) as failure:
                problems.append(f"{where}: {language}: {failure}")
    return count, problems


def pages():
    """The pages to check, in a fixed order."""
    if sys.argv[1:]:
        return [pathlib.Path(name).resolve() for name in sys.argv[1:]]
    wanted = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in wanted if page.exists()]


def main():
    total, problems = 0, []
    subprocess.run(["cmake", "--install", BUILD, "--prefix", PREFIX], check=True, stdout=subprocess.DEVNULL)
    for page in pages():
        count, found = run_page(page)
        total += count
        problems += found
    print("\n".join([*problems, f"{total} code blocks ran"]))
    sys.exit(1 if problems or total == 0 else 0)


if __name__ == "__main__":
    main()
