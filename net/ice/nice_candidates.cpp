#include "net/ice/nice_candidates.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "reload/discovery/announcement.hpp"

namespace ringway::net::ice {

namespace {

constexpr guint k_component = 1;

wire::IceCandidate told(const NiceCandidate& candidate, wire::CandidateType type, bool hides) {
  wire::IceCandidate out;
  out.address = from_nice(candidate.addr);
  out.link = wire::OverlayLinkType::dtls_udp_sr;
  out.foundation = copy_of(view_of(std::string_view(
      candidate.foundation, strnlen(candidate.foundation, NICE_CANDIDATE_MAX_FOUNDATION - 1))));
  out.priority = candidate.priority;
  out.type = type;
  if (type == wire::CandidateType::host) return out;
  out.related_address = from_nice(candidate.base_addr);  // exactly for the others (ICE-05)
  if (hides) {
    out.related_address->address = {};
    out.related_address->port = 0;
  }
  return out;
}

std::optional<wire::CandidateType> told_type(const NiceCandidate& candidate) {
  switch (candidate.type) {
    case NICE_CANDIDATE_TYPE_HOST:
      return wire::CandidateType::host;
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
      return wire::CandidateType::server_reflexive;
    case NICE_CANDIDATE_TYPE_RELAYED:
      return wire::CandidateType::relayed;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
      return std::nullopt;  // found by checks, which both ends see
  }
  return std::nullopt;
}

NiceCandidateType nice_type(wire::CandidateType type) {
  if (type == wire::CandidateType::server_reflexive) return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
  return type == wire::CandidateType::relayed ? NICE_CANDIDATE_TYPE_RELAYED : NICE_CANDIDATE_TYPE_HOST;
}

}  // namespace

std::optional<NiceAddress> to_nice(const wire::IpAddressPort& address) {
  NiceAddress out;
  nice_address_init(&out);
  if (address.type == wire::AddressType::ipv4) {
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_port = htons(address.port);
    std::memcpy(&native.sin_addr, address.address.data(), sizeof native.sin_addr);
    nice_address_set_from_sockaddr(&out, reinterpret_cast<const sockaddr*>(&native));
  } else if (address.type == wire::AddressType::ipv6) {
    sockaddr_in6 native{};
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(address.port);
    std::memcpy(&native.sin6_addr, address.address.data(), sizeof native.sin6_addr);
    nice_address_set_from_sockaddr(&out, reinterpret_cast<const sockaddr*>(&native));
  } else {
    return std::nullopt;
  }
  return out;
}

wire::IpAddressPort from_nice(const NiceAddress& address) {
  sockaddr_storage native{};
  nice_address_copy_to_sockaddr(&address, reinterpret_cast<sockaddr*>(&native));
  wire::IpAddressPort out;
  if (native.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(native);
    out.type = wire::AddressType::ipv4;
    out.port = ntohs(ipv4.sin_port);
    std::memcpy(out.address.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  } else if (native.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(native);
    out.type = wire::AddressType::ipv6;
    out.port = ntohs(ipv6.sin6_port);
    std::memcpy(out.address.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  }
  return out;
}

std::string ip_text(const NiceAddress& address) {
  std::array<char, NICE_ADDRESS_STRING_LEN> text{};
  nice_address_to_string(&address, text.data());
  return text.data();
}

std::vector<wire::IceCandidate> told_candidates(NiceAgent* agent, guint stream, bool hides) {
  GSList* const candidates = nice_agent_get_local_candidates(agent, stream, k_component);
  std::vector<wire::IceCandidate> out;
  for (const GSList* each = candidates; each != nullptr; each = each->next) {
    const auto& candidate = *static_cast<const NiceCandidate*>(each->data);
    const auto type = told_type(candidate);
    if (!type || (hides && *type != wire::CandidateType::relayed)) continue;
    // Addresses of one wire (link-local) are not for others.
    if (discovery::can_be_a_peer(from_nice(candidate.addr))) out.push_back(told(candidate, *type, hides));
  }
  g_slist_free_full(candidates,
                    [](gpointer each) { nice_candidate_free(static_cast<NiceCandidate*>(each)); });
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.priority > b.priority; });
  if (out.size() > k_max_candidates) out.resize(k_max_candidates);
  return out;
}

RemoteCandidates::RemoteCandidates(const std::vector<wire::IceCandidate>& told, guint stream) {
  for (const auto& each : told) {
    if (each.link != wire::OverlayLinkType::dtls_udp_sr || !discovery::can_be_a_peer(each.address)) continue;
    const auto address = to_nice(each.address);
    if (!address) continue;
    NiceCandidate* const candidate = nice_candidate_new(nice_type(each.type));
    candidate->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    candidate->addr = *address;
    candidate->base_addr =
        each.related_address ? to_nice(*each.related_address).value_or(*address) : *address;
    candidate->priority = each.priority;
    candidate->stream_id = stream;
    candidate->component_id = k_component;
    const std::size_t size = std::min<std::size_t>(each.foundation.size(), NICE_CANDIDATE_MAX_FOUNDATION - 1);
    std::copy_n(each.foundation.begin(), size, candidate->foundation);
    candidate->foundation[size] = '\0';
    list_ = g_slist_append(list_, candidate);
  }
}

RemoteCandidates::~RemoteCandidates() {
  g_slist_free_full(list_, [](gpointer each) { nice_candidate_free(static_cast<NiceCandidate*>(each)); });
}

EndKind kind_of(const NiceCandidate& candidate) {
  switch (candidate.type) {
    case NICE_CANDIDATE_TYPE_HOST:
      return EndKind::host;
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
      return EndKind::server_reflexive;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
      return EndKind::peer_reflexive;
    case NICE_CANDIDATE_TYPE_RELAYED:
      return EndKind::relayed;
  }
  return EndKind::host;
}

}  // namespace ringway::net::ice
