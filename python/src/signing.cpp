// SPDX-License-Identifier: Apache-2.0
#include <tenon/signing.h>

#include "error.h"
#include "module.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>

namespace tenon::python {

namespace fs = std::filesystem;

void bind_signing(nb::module_& module) {
  module.def(
      "make_key", [](const fs::path& path) { return with_file(path, &make_key_pair); }, nb::arg("path"),
      nb::sig("def make_key(path: str | os.PathLike) -> str"),
      R"(Makes a key pair to sign plans with; returns the public key, 64 hexadecimal digits.

The secret key goes to a new file `path`, which only its owner may read, and the public one to `path`.pub, for those who
load plans. Raises InvalidArgumentError when one of the files exists, for keys are never overwritten;
MissingFileError when there is no such folder, IoError.)");

  module.def(
      "sign_plan",
      [](const fs::path& path, const fs::path& key) {
        return with_files(std::array{path, key}, [&] { return sign_plan(path.string(), key.string()); });
      },
      nb::arg("path"), nb::arg("key"), nb::sig("def sign_plan(path: str | os.PathLike, key: str | os.PathLike) -> str"),
      R"(Writes a signature into a plan file, in place of the one that it may have; returns the public key.

Sign what you made yourself: the machine code in it can do whatever the programs can that load it with
Engine.load(path, trusted_keys=[...]).

key:  the file of a secret key (make_key)

Raises MissingFileError, IoError, CorruptError for what is no sound plan; InvalidArgumentError when the key file is none, or
others than its owner may read it.)");

  module.def(
      "plan_signer", [](const fs::path& path) { return with_file(path, &plan_signer); }, nb::arg("path"),
      nb::sig("def plan_signer(path: str | os.PathLike) -> str | None"),
      R"(The public key by which a plan file says that it is signed; None when it is not.

Anybody can write that into a file: verify_plan() finds out. Raises as Engine.load() does.)");

  module.def(
      "verify_plan",
      [](const fs::path& path, const std::vector<fs::path>& keys) {
        std::vector<fs::path> files = keys;
        files.push_back(path);
        return with_files(files, [&] { return verify_plan(path.string(), strings_of(keys)); });
      },
      nb::arg("path"), nb::arg("keys"),
      nb::sig("def verify_plan(path: str | os.PathLike, keys: collections.abc.Sequence[str | os.PathLike]) -> str"),
      R"(Verifies that a plan file is signed with one of the keys in these files, and unchanged since; returns that key.

Raises InvalidArgumentError when it is not signed, or with another key; CorruptError when it was changed; and as
Engine.load() does.)");
}

}  // namespace tenon::python
