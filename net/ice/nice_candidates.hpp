// libnice's addresses and candidates, and RELOAD's (RFC 6940 §6.5.1.1), made of each other.
#pragma once

#include <nice/agent.h>

#include <optional>
#include <string>
#include <vector>

#include "net/ice/description.hpp"

namespace ringway::net::ice {

// None of an address of another type, or that is no address.
std::optional<NiceAddress> to_nice(const wire::IpAddressPort& address);
wire::IpAddressPort from_nice(const NiceAddress& address);
std::string ip_text(const NiceAddress& address);  // without the port

// What the other end is told of the agent's candidates: those with the highest priorities, as many as it may
// be told. `hides`: nothing but relayed ones, and nothing of what is behind them.
std::vector<wire::IceCandidate> told_candidates(NiceAgent* agent, guint stream, bool hides);

// Those of the other end that checks may be sent to, for the agent.
class RemoteCandidates {
 public:
  RemoteCandidates(const std::vector<wire::IceCandidate>& told, guint stream);
  ~RemoteCandidates();
  RemoteCandidates(const RemoteCandidates&) = delete;
  RemoteCandidates& operator=(const RemoteCandidates&) = delete;
  const GSList* list() const { return list_; }

 private:
  GSList* list_ = nullptr;
};

EndKind kind_of(const NiceCandidate& candidate);

}  // namespace ringway::net::ice
