// SPDX-License-Identifier: Apache-2.0
#include "plan/xxh3.h"

#define XXH_INLINE_ALL  // Header only: nothing to link, nothing exported.
#include <xxhash.h>

namespace tenon {

uint64_t xxh3(const void* data, size_t size) { return XXH3_64bits(data, size); }

struct Xxh3::State {
  XXH3_state_t xxh;
};

Xxh3::Xxh3() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->xxh); }
Xxh3::~Xxh3() = default;

void Xxh3::add(const void* data, size_t size) {
  if (size > 0) XXH3_64bits_update(&state_->xxh, data, size);
}

uint64_t Xxh3::value() const { return XXH3_64bits_digest(&state_->xxh); }

}  // namespace tenon
