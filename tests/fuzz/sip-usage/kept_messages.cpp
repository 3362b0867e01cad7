// What senders put into mailboxes, and what is in their envelopes: nothing crashes the readers, what they
// accept is written again as it came, and a letter becomes a request that says only what a request may.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sip-usage/message/parse.hpp"
#include "sip-usage/messages/letter.hpp"
#include "sip-usage/messages/mailbox.hpp"
#include "sip-usage/messages/received.hpp"

namespace {

using namespace ringway;
using namespace ringway::sip::messages;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename T>
std::optional<T> take(const SharedBytes& bytes) {
  auto read = wire::decode<T>(bytes);
  if (!read) return std::nullopt;
  require(equal(wire::encode(*read), bytes));
  return std::move(*read);
}

void take_letter(const SharedBytes& bytes) {
  const auto letter = take<Letter>(bytes);
  if (!letter) return;
  auto request = message_of(*letter, *sip::Aor::of_user_name("bob@overlay.example.org"));
  if (!request) return;
  sip::Via via;
  via.transport = "TCP";
  via.host = "192.0.2.1";
  via.parameters.set("branch", "z9hG4bK1");
  request->vias.push_back(via);
  const auto read = sip::parse_message(view_of(request->print()), sip::Framing::stream);
  require(read.ok());
  require(read->body == letter->body && read->routes.empty() && read->vias.size() == 1);
  require(read->fields.size() == request->fields.size());
}

void take_received(const SharedBytes& bytes) {
  auto received = take<Received>(bytes);
  if (!received) return;
  Received twice = *received;
  twice.merge(*received);
  require(twice == *received);
  for (const Mark& mark : received->marks())
    require(received->has(mark.sender, mark.last_id) || !mark.left.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  if (const auto kept = take<KeptMessages>(bytes)) require(kept->messages.size() <= k_max_kept_of_sender);
  take_received(bytes);
  take_letter(bytes);
  return 0;
}
