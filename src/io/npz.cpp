// SPDX-License-Identifier: Apache-2.0
#include "io/npy.h"

#include <tenon/io.h>

#include <fmt/core.h>
#include <zip.h>

#include <cstring>
#include <memory>

namespace tenon {
namespace {

struct CloseArchive {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using Entry = std::unique_ptr<zip_file_t, CloseEntry>;

Archive open_archive(const std::string& path, int flags) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), flags, &code));
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    const ErrorCode kind = code == ZIP_ER_NOENT                            ? ErrorCode::kNotFound
                           : code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS ? ErrorCode::kCorrupt
                                                                           : ErrorCode::kIo;
    throw Error(kind, fmt::format("cannot open '{}': {}", path, reason));
  }
  return archive;
}

void read_exactly(zip_file_t* entry, void* to, uint64_t size, const std::string& name) {
  auto* out = static_cast<char*>(to);
  while (size > 0) {
    const zip_int64_t got = zip_fread(entry, out, size);
    if (got <= 0)
      throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is damaged: {} more bytes are required", name, size));
    out += got;
    size -= static_cast<uint64_t>(got);
  }
}

// A .npy header is at most a few hundred bytes; NumPy itself refuses more than this.
constexpr uint64_t kLongestHeader = 10000;

Tensor read_entry(zip_t* archive, zip_uint64_t index, const std::string& name, uint64_t entry_size) {
  std::vector<std::byte> start(std::min(entry_size, kLongestHeader));
  const Entry first(zip_fopen_index(archive, index, 0));
  if (first == nullptr)
    throw Error(ErrorCode::kCorrupt, fmt::format("cannot read '{}': {}", name, zip_strerror(archive)));
  read_exactly(first.get(), start.data(), start.size(), name);
  const npy::Header header = npy::read_header(start, name);
  const auto size = static_cast<uint64_t>(bytes_for(header.dtype, header.dims.count()));
  // Compared before anything is allocated, so that a header cannot claim more than the archive holds.
  if (size > entry_size - header.size) {
    throw Error(ErrorCode::kCorrupt, fmt::format("'{}' ends too early: its array needs {} bytes, and {} are there",
                                                 name, size, entry_size - header.size));
  }
  Tensor tensor = Tensor::empty(header.dtype, header.dims);
  auto* data = static_cast<std::byte*>(tensor.mutable_data());
  const uint64_t had = std::min<uint64_t>(start.size() - header.size, size);
  if (had > 0) std::memcpy(data, start.data() + header.size, had);
  read_exactly(first.get(), data + had, size - had, name);
  return tensor;
}

}  // namespace

std::map<std::string, Tensor> load_npz(const std::string& path) {
  const Archive archive = open_archive(path, ZIP_RDONLY);
  std::map<std::string, Tensor> tensors;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t status;
    const auto index = static_cast<zip_uint64_t>(i);
    if (zip_stat_index(archive.get(), index, 0, &status) != 0 || (status.valid & ZIP_STAT_NAME) == 0 ||
        (status.valid & ZIP_STAT_SIZE) == 0) {
      throw Error(ErrorCode::kCorrupt, fmt::format("'{}' has an entry without a name or size", path));
    }
    std::string name = status.name;
    if (!name.ends_with(".npy")) continue;
    Tensor tensor = read_entry(archive.get(), index, path + ":" + name, status.size);
    name.resize(name.size() - 4);
    tensors.insert_or_assign(std::move(name), std::move(tensor));
  }
  return tensors;
}

void save_npz(const std::map<std::string, Tensor>& tensors, const std::string& path) {
  // libzip writes to a temporary file of its own and renames it when the archive is closed.
  Archive archive = open_archive(path, ZIP_CREATE | ZIP_TRUNCATE);
  const auto require = [&](bool ok) {
    if (!ok) throw Error(ErrorCode::kIo, fmt::format("cannot write '{}': {}", path, zip_strerror(archive.get())));
  };
  std::vector<std::string> headers;
  headers.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    headers.push_back(npy::write_header(tensor.dtype(), tensor.dims()));
    const zip_buffer_fragment_t parts[] = {
        {reinterpret_cast<zip_uint8_t*>(headers.back().data()), headers.back().size()},
        {static_cast<zip_uint8_t*>(const_cast<void*>(tensor.data())),
         static_cast<zip_uint64_t>(tensor.size_bytes())}};  // NOLINT: libzip only reads it
    zip_source_t* source = zip_source_buffer_fragment(archive.get(), parts, std::size(parts), 0);
    require(source != nullptr);
    const zip_int64_t index =
        zip_file_add(archive.get(), (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
    if (index < 0) zip_source_free(source);
    require(index >= 0);
    const auto entry = static_cast<zip_uint64_t>(index);
    require(zip_set_file_compression(archive.get(), entry, ZIP_CM_STORE, 0) == 0);
    constexpr time_t kEarliestZipTime = 315619200;  // 1980-01-02, UTC: the same tensors give the same bytes.
    require(zip_file_set_mtime(archive.get(), entry, kEarliestZipTime, 0) == 0);
  }
  require(zip_close(archive.get()) == 0);
  (void)archive.release();  // zip_close() freed it.
}

}  // namespace tenon
