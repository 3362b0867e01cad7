#include "services/enrolld/serve/document_memory.hpp"

#include <utility>

namespace ringway::enrolld {

Answer<DocumentPtr> DocumentMemory::get(WallMs now_ms) {
  std::uint64_t forgotten = 0;
  {
    const std::scoped_lock lock(mutex_);
    // A clock that was set back says nothing about its age.
    if (document_ && now_ms >= read_ms_ && now_ms - read_ms_ < static_cast<WallMs>(k_remembered_for.count()))
      return document_;
    forgotten = forgotten_;
  }
  auto read = read_();
  if (!read) return read.error();
  auto document = std::make_shared<const Document>(std::move(*read));
  const std::scoped_lock lock(mutex_);
  if (forgotten == forgotten_) {
    document_ = document;
    read_ms_ = now_ms;
  }
  return DocumentPtr(std::move(document));
}

void DocumentMemory::forget() {
  const std::scoped_lock lock(mutex_);
  document_.reset();
  ++forgotten_;
}

}  // namespace ringway::enrolld
