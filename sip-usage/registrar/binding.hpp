// Where one phone of a user is (RFC 3261 §10.2, RFC 5626 §6), and what it becomes for a proxy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reload/time.hpp"
#include "sip-usage/message/name_addr.hpp"

namespace ringway::sip::registrar {

enum class FlowId : std::uint64_t {};  // the driver's name of a phone's connection, or of the two ends of UDP

// From where a request came.
struct Source {
  FlowId flow{};
  std::string address;  // of the other end, as a URI would have it, an IPv6 address without brackets
  // What counts as one sender: the address, of IPv6 the first 64 bits, as the driver writes them.
  std::string sender;
  bool is_loopback = false;
  bool is_connected = false;  // TCP, TLS, WebSocket: nobody else can write into it
  bool is_secure = false;     // TLS, and WebSocket over it
  std::uint16_t port = 0;     // of the other end
  std::string local_address{};
  std::uint16_t local_port = 0;
};

// Between these a phone's datagrams go: a flow that is there again when this peer is (RFC 5626 §3.2).
struct DatagramEnds {
  std::string local_address;
  std::uint16_t local_port = 0;
  std::string remote_address;
  std::uint16_t remote_port = 0;
};

struct Binding {
  NameAddr contact;            // as the phone wrote it, but for what the answer says anew
  std::optional<FlowId> flow;  // none: the phone is between these ends, or where its Contact's URI says
  std::optional<DatagramEnds> ends;
  // The phone can be reached without its flow: it has said the address that it has.
  bool has_true_address = false;
  // By datagrams it is not called where it sends from, but at its Contact's port.
  bool listens_at_contact = false;
  std::string instance;      // RFC 5626 §4.1; may be empty
  std::uint32_t reg_id = 0;  // 0: this is no flow of RFC 5626
  std::string call_id;
  std::uint32_t cseq = 0;
  std::vector<NameAddr> path;
  MonoTime updated_at, expires_at;

  std::size_t size_bytes() const;
};
using BindingList = std::vector<Binding>;

// One of those that a call for a user, or for one device, goes to (RFC 3261 §16.5).
struct Target {
  Uri uri;
  std::optional<FlowId> flow;
  std::optional<DatagramEnds> ends;  // where there is no such flow
  unsigned q_thousandths = 1000;
  std::string instance;  // of several with the same instance only the first is called, then the next (RFC
                         // 5626 §7)
  std::uint32_t reg_id = 0;
  std::vector<NameAddr> path;
  bool listens_at_contact = false;
};

// What stays when a flow is gone: the bindings of others, and those that can be reached without it.
void drop_flow(BindingList& bindings, FlowId flow);
void drop_expired(BindingList& bindings, MonoTime now);
// In the order in which they are to be called: by q, of equal ones the latest first.
std::vector<Target> targets_of(const BindingList& bindings);

}  // namespace ringway::sip::registrar
