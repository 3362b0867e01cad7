#include "services/enrolld/registrar/document_room.hpp"

namespace ringway::enrolld {

std::size_t most_document_bytes(const config::Configuration& document) {
  const std::size_t message = document.max_message_size_bytes;
  return message > k_message_overhead_bytes ? message - k_message_overhead_bytes : 0;
}

bool is_nearly_full(std::size_t bytes, const config::Configuration& document) {
  return bytes >= most_document_bytes(document) / 4 * 3;
}

}  // namespace ringway::enrolld
