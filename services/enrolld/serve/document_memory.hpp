// The newest configuration document as it was read last, so that who asks for it again and again does not ask
// the database each time. Other servers publish, too: after `k_remembered_for` it is read again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "services/enrolld/registrar/registrar_types.hpp"

namespace ringway::enrolld {

using DocumentPtr = std::shared_ptr<const Document>;

// From any thread.
class DocumentMemory {
 public:
  static constexpr Duration k_remembered_for{2'000};

  explicit DocumentMemory(std::function<Answer<Document>()> read) : read_(std::move(read)) {}

  // Not older than that. What cannot be read is not remembered.
  Answer<DocumentPtr> get(WallMs now_ms);
  // There is a newer one: what was read before now is not told any more.
  void forget();

 private:
  const std::function<Answer<Document>()> read_;
  std::mutex mutex_;  // nobody reads the database under it
  DocumentPtr document_;
  WallMs read_ms_ = 0;
  std::uint64_t forgotten_ = 0;  // so many times: a reading that began before does not count
};

}  // namespace ringway::enrolld
