// What two peers say on a channel of watches (docs/extensions.md): changes and hints from who is responsible
// for a resource, acknowledgements from who watches it.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

// The Store that made that generation has brought these values; a removed one does not exist.
struct ValuesChanged {
  KindId kind = 0;
  std::uint64_t generation = 0;
  std::vector<wire::StoredData> values;
  std::vector<wire::GenericCertificate> certificates;  // of the values' writers, with their chains
};
// Something may have changed there, more than can be told one by one: read it.
struct LookAgain {};

struct Notice {
  ResourceId resource;
  std::variant<LookAgain, ValuesChanged> what;
};

// A numbered Notice; the first of a session is number 1. A session ends with its channel, or when
// resources that are not watched there any more were taken from what waits.
struct NumberedNotice {
  std::uint64_t session = 0;
  std::uint64_t number = 0;
  Notice notice;
};
// All of the session up to that number have come.
struct Seen {
  std::uint64_t session = 0;
  std::uint64_t number = 0;
};
using WatchMessage = std::variant<NumberedNotice, Seen>;

// A notice without its number: the same for everybody who watches.
Bytes encode_notice(const Notice& notice);
Bytes encode_numbered(std::uint64_t session, std::uint64_t number, BytesView notice);
Bytes encode_seen(const Seen& seen);
// Values of Kinds that are not known cannot be read: a failure.
Result<WatchMessage> decode_watch_message(const SharedBytes& message, const wire::KindModels& kinds);

}  // namespace ringway::data
