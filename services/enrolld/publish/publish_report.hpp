// What became of a document that was pushed: for each address, and in all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reload/ids.hpp"
#include "reload/time.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::enrolld {

enum class PushOutcome {
  accepted,    // it was new there
  has_it,      // it was there already
  has_newer,   // a newer one is there
  same_peer,   // another address has led to this peer, which has it
  refused,     // an answer with an error
  failed,      // no link, or no answer that counts
  not_needed,  // not tried: enough others have it
};
const char* name_of(PushOutcome outcome);  // "accepted": for logs and metrics, never changes

struct AddressReport {
  wire::IpAddressPort address;
  PushOutcome outcome = PushOutcome::not_needed;
  NodeId node;  // whom the certificate names; k_no_node when no link was ever up
  unsigned attempts = 0;
  std::string reason;  // of has_newer, refused and failed
};

struct PublishReport {
  std::uint16_t sequence = 0;
  std::size_t peers = 0;  // different ones that have the document now
  Duration took{0};
  std::string fault;  // why nothing was sent, or not everything was tried; empty when nothing is wrong
  std::vector<AddressReport> addresses;
};

// One line for a person, without the address.
std::string describe(const AddressReport& report);

}  // namespace ringway::enrolld
