// Pseudo-random instances of every structure on the wire, the same ones for the same seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>

#include "reload/wire/bodies.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::wire_vectors {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // 0 to `limit` - 1.
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  bool coin() { return below(2) == 1; }
  template <typename Number>
  Number number() {
    // Small and extreme numbers come up more often than chance would have it.
    switch (below(4)) {
      case 0:
        return static_cast<Number>(below(3));
      case 1:
        return std::numeric_limits<Number>::max();
      default:
        return static_cast<Number>(engine_());
    }
  }
  template <typename Enum>
  Enum one_of(std::initializer_list<Enum> choices) {
    return choices.begin()[below(choices.size())];
  }
  Bytes bytes(std::size_t below_size) {
    Bytes out(below(below_size));
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
    return out;
  }
  NodeId node() {
    NodeId id;
    for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(engine_());
    id.bytes.back() |= 1U;  // never all zero
    return id;
  }

 private:
  std::mt19937_64 engine_;
};

#define RINGWAY_RANDOM_STRUCTURE(T) void roll(Dice& dice, wire::T& out)
RINGWAY_RANDOM_STRUCTURE(Destination);
RINGWAY_RANDOM_STRUCTURE(ForwardingHeader);
RINGWAY_RANDOM_STRUCTURE(MessageContents);
RINGWAY_RANDOM_STRUCTURE(SignerIdentity);
RINGWAY_RANDOM_STRUCTURE(Signature);
RINGWAY_RANDOM_STRUCTURE(SecurityBlock);
RINGWAY_RANDOM_STRUCTURE(ErrorResponse);
RINGWAY_RANDOM_STRUCTURE(IpAddressPort);
RINGWAY_RANDOM_STRUCTURE(JoinReq);
RINGWAY_RANDOM_STRUCTURE(JoinAns);
RINGWAY_RANDOM_STRUCTURE(LeaveReq);
RINGWAY_RANDOM_STRUCTURE(LeaveAns);
RINGWAY_RANDOM_STRUCTURE(ChordLeaveData);
RINGWAY_RANDOM_STRUCTURE(ChordUpdate);
RINGWAY_RANDOM_STRUCTURE(UpdateAns);
RINGWAY_RANDOM_STRUCTURE(RouteQueryReq);
RINGWAY_RANDOM_STRUCTURE(ChordRouteQueryAns);
RINGWAY_RANDOM_STRUCTURE(ProbeReq);
RINGWAY_RANDOM_STRUCTURE(ProbeInformation);
RINGWAY_RANDOM_STRUCTURE(ProbeAns);
RINGWAY_RANDOM_STRUCTURE(PingReq);
RINGWAY_RANDOM_STRUCTURE(PingAns);
RINGWAY_RANDOM_STRUCTURE(IceExtension);
RINGWAY_RANDOM_STRUCTURE(IceCandidate);
RINGWAY_RANDOM_STRUCTURE(AttachBody);
RINGWAY_RANDOM_STRUCTURE(AppAttachBody);
RINGWAY_RANDOM_STRUCTURE(ConfigUpdateReq);
RINGWAY_RANDOM_STRUCTURE(ConfigUpdateAns);
RINGWAY_RANDOM_STRUCTURE(UnknownKinds);
RINGWAY_RANDOM_STRUCTURE(StoredDataValue);
RINGWAY_RANDOM_STRUCTURE(StoredData);
RINGWAY_RANDOM_STRUCTURE(StoreReq);
RINGWAY_RANDOM_STRUCTURE(StoreAns);
RINGWAY_RANDOM_STRUCTURE(FetchReq);
RINGWAY_RANDOM_STRUCTURE(FetchAns);
RINGWAY_RANDOM_STRUCTURE(StatReq);
RINGWAY_RANDOM_STRUCTURE(StatAns);
RINGWAY_RANDOM_STRUCTURE(FindReq);
RINGWAY_RANDOM_STRUCTURE(FindAns);
#undef RINGWAY_RANDOM_STRUCTURE

}  // namespace ringway::wire_vectors
