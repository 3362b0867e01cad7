// Brings each new configuration document to several peers, as soon as there is one, so that it floods from
// them through the overlay (RFC 6940 §6.5.4): the enrollment server's part in a revocation.
//
// One thread of its own does the work, one more the sockets; nothing here blocks the caller. For each
// document the server certifies itself as a node that lives for an hour, with a key that is kept in memory
// only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/publish/publish_report.hpp"
#include "services/enrolld/publish/push_round.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_max_push_addresses = 64;  // the first ones; of the document's those after them

struct PublisherSettings {
  PushSettings push;
  Duration connect_timeout{4'000};
  Duration handshake_timeout{5'000};
};

struct PublisherCounters {
  std::uint64_t documents = 0;    // that were to be brought to peers
  std::uint64_t superseded = 0;   // of those, by a newer one before they were done
  std::uint64_t unpublished = 0;  // of those, that reached nobody, for whatever reason
  std::uint64_t accepted = 0, has_it = 0, has_newer = 0, same_peer = 0, refused = 0, failed = 0;  // addresses
  std::uint64_t attempts = 0;
};

class Publisher {
 public:
  // A new node's key and certificate, which is asked for once for each document.
  using Credentials = std::function<Result<services::NodeCredentials>(WallMs now_ms)>;
  // What became of a document. On the publisher's thread; must neither throw nor destroy the publisher.
  using Finished = std::function<void(const PublishReport&)>;

  Publisher(PublisherSettings settings, Credentials credentials, Finished finished);
  ~Publisher();  // breaks off what is under way; its report comes still
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // To these addresses and to the bootstrap nodes of the document. From any thread. A newer document takes
  // the place of one that is still on its way; an older one is not sent at all.
  void publish(SharedBytes document, std::vector<wire::IpAddressPort> addresses);
  PublisherCounters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// In the name of the enrollment server (authority/names.hpp), for an hour or what is left of the authority's
// time. `authority` is to outlive what is returned.
Publisher::Credentials publisher_credentials(const services::Authority& authority);

}  // namespace ringway::enrolld
