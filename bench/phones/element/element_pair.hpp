// Two peers' SIP elements, joined: each has a phone, and both ask the same overlay (LonePeer). No sockets, no
// actors; time is what pass() says. What the elements themselves take is measured, the phones are not.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/phones/element/lone_peer.hpp"
#include "sip-usage/element/element.hpp"

namespace ringway::bench {

// Octets that went into an element or came out of it.
struct Piece {
  SharedBytes octets;
  bool is_stream = false;
  bool came_in = false;
};

class ElementPair {
 public:
  enum Side : std::size_t { caller = 0, callee = 1 };
  static constexpr const char* k_domain = "example.org";
  static constexpr const char* k_phones_port = ":4000";

  // Phones of this machine, which need no credentials, or phones elsewhere.
  explicit ElementPair(bool trusts_phones);

  // A phone sends; what comes of it has happened when this returns.
  void say(Side phone, const std::string& octets);
  // What it has got since the last time, 100 left out.
  std::vector<std::string> take_heard(Side phone);
  void pass(Duration time);

  struct Work {
    std::int64_t element_ns = 0;  // of both
    LonePeer::Work overlay;
  };
  Work work() const { return {element_ns_, overlay_.work()}; }
  // From now on what goes in and out is kept.
  void record() { is_recording_ = true; }
  const std::vector<Piece>& recorded() const { return pieces_; }

  static std::string user_of(Side side) { return side == caller ? "alice" : "bob"; }
  static std::string phone_address(Side side);

 private:
  using End = std::pair<std::size_t, sip::element::FlowId>;

  Now now() const;
  void into(std::size_t peer, sip::element::Input input);
  void pump();
  void carry_out(std::size_t peer, sip::element::Send& send);
  void carry_out(std::size_t peer, sip::element::OpenPeer& open);
  void carry_out(std::size_t peer, sip::element::FetchFromOverlay& fetch);
  void carry_out(std::size_t peer, sip::element::StoreRegistration& store);
  void carry_out(std::size_t peer, sip::element::RemoveRegistration& remove);
  template <typename Other>
  void carry_out(std::size_t, Other&) {}  // nothing here depends on it
  void keep(const SharedBytes& octets, bool is_stream, bool came_in);

  LonePeer overlay_;
  std::array<std::unique_ptr<sip::element::Element>, 2> peers_;
  std::array<std::vector<std::string>, 2> heard_;
  std::map<End, End> links_;
  std::uint64_t last_flow_ = 2;  // the first two are the phones'
  std::int64_t at_ms_ = 1000;
  std::int64_t element_ns_ = 0;
  bool is_recording_ = false;
  std::vector<Piece> pieces_;
};

}  // namespace ringway::bench
