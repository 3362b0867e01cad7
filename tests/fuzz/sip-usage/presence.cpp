// What others store and publish about a user: nothing crashes the readers, what they accept comes back from
// what is written, and what is shown to phones is a document in any case.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sip-usage/presence/pidf.hpp"
#include "sip-usage/presence/value.hpp"
#include "sip-usage/presence/watched_user.hpp"

namespace {

using namespace ringway;
using namespace ringway::sip::presence;

void require(bool condition) {
  if (!condition) std::abort();
}

// Everybody can open everything.
class NoEnvelope : public Envelope {
 public:
  Result<Bytes> seal(BytesView text, const std::vector<security::CertificatePtr>&) override {
    return copy_of(text);
  }
  Result<Bytes> open(const sip::Aor&, BytesView sealed) override { return copy_of(sealed); }
};

void take_value(const sip::Aor& user, Bytes bytes) {
  const auto value = wire::decode<PresenceValue>(SharedBytes(bytes));
  if (value) require(wire::encode(*value) == bytes);
  data::Entry entry;
  entry.value = std::move(bytes);
  WatchedUser watched(user);
  watched.set({entry, entry});
  NoEnvelope envelope;
  const Seen seen = watched.seen_by(user, envelope);
  if (!seen.document) return;
  require(seen.document->size() <= k_max_shown_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const BytesView bytes(data, size_bytes);
  const auto user = *sip::Aor::of_user_name("alice@example.org");
  take_value(user, copy_of(bytes));
  const auto text = text_of(bytes);
  if (!check_document(text)) return 0;
  const std::string once = composed(user, {text, text}, k_max_document_bytes);
  require(once.size() <= k_max_document_bytes && check_document_about(user, once).ok());
  // Once more nothing changes: what a user's peer has composed is shown as it is.
  require(composed(user, {once}, k_max_document_bytes) == once);
  return 0;
}
