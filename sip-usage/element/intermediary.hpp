// The intermediate peer of a call whose caller wants to stay unknown (RFC 3323 §5; RFC 7904 §6: a peer that
// "compresses" what would show a Node-ID). It stands between two other peers, of which one is hidden behind
// it:
//
//   hidden peer  --  Route: <sip:overlay;gr=(this peer);rw-hide;lr>, …     ->  this peer  ->  the other one
//   hidden peer  <-  this peer  <-  sip:anonymous@overlay;gr=(this peer);rw-behind=…   --  the other one
//
// What leads to the hidden peer and its phone (Record-Route, Contact) is sealed into rw-behind with a key of
// this peer, and taken out again when it comes back. So nothing is kept here, and nobody else can read it.
// These are changes of one message; the way through the proxy is as ever.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reload/ids.hpp"
#include "reload/random.hpp"
#include "reload/security/seal.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/settings.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_behind_bytes = 2048;    // of what one rw-behind hides
inline constexpr std::size_t k_max_passages = 1024;        // requests of others that are under way here
inline constexpr std::size_t k_max_passages_of_node = 64;  // from one node

inline constexpr std::string_view k_hide_parameter = "rw-hide";
inline constexpr std::string_view k_behind_parameter = "rw-behind";

// A request that passes here from one peer to another, and how the answers to it look on either side.
struct Passage {
  NodeId sender;
  NodeId hidden;
  std::vector<NameAddr> received;  // its Record-Route as it came
  bool is_from_hidden() const { return sender == hidden; }
};

class Intermediary {
 public:
  // The settings outlive it.
  Intermediary(const proxy::Settings& settings, Random& random);

  // Of a request that `sender` has sent over its connection: changed for its way on (there is a Route to the
  // next peer then). Nothing: it does not pass here. Or the status that it is refused with.
  using Entered = std::variant<std::monostate, Passage, unsigned>;
  Entered enter(Message& request, const NodeId& sender);
  void mask(const Passage& passage, Message& response);
  // Within a dialog, by a seal of this peer: the hidden peer knows whether it is the other end that sends it.
  bool leads_to_hidden(const Message& request) const;

  // How many may be under way; false: no more of that node, or at all.
  bool begin(const NodeId& sender);
  void end(const NodeId& sender);
  TableSize size() const { return {"requests that pass a SIP intermediate", count_, k_max_passages}; }

 private:
  struct Behind {
    NodeId node;
    std::vector<NameAddr> values;
  };
  bool is_here(const Uri& uri, std::string_view parameter) const;
  std::optional<Uri> behind(const NodeId& node, const std::vector<NameAddr>& values);
  std::optional<Behind> open(const Uri& uri) const;
  NameAddr hide_route() const;
  Entered from_hidden(Message& request, const NodeId& sender);
  Entered to_hidden(Message& request, const NodeId& sender);
  bool mask_contacts(Message& message, const NodeId& node);

  const proxy::Settings& settings_;
  security::Seal seal_;
  std::size_t count_ = 0;
  std::map<NodeId, std::size_t> of_node_;
};

// The Route to a peer of the overlay, or to one user's device there.
NameAddr route_to(std::string_view overlay, std::string gr);

}  // namespace ringway::sip::element
