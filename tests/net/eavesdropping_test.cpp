// What somebody on the wire between two peers sees, and what he can do (RFC 6940 §13.6.4).
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/net/link_test_support.hpp"

namespace ringway::net::test {
namespace {

using Seen = Recorder::Seen;

// Passes everything between one client and a peer, keeps a copy, and may change what goes by.
class Wiretap {
 public:
  using Meddle = std::function<void(Bytes&)>;
  Wiretap(const wire::IpAddressPort& to, Meddle meddle) : meddle_(std::move(meddle)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = at(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, port = to.port] { run(port); });
  }
  ~Wiretap() {
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  wire::IpAddressPort address() const { return loopback(port_); }
  // Both directions, each one's bytes in order.
  Bytes seen(std::size_t direction) const {
    const std::lock_guard lock(mutex_);
    return seen_.at(direction);
  }

 private:
  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  void run(std::uint16_t to) {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = at(to);
    const bool there = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    for (bool open = there; open;) {
      std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (stopped_ || ::poll(ends.data(), ends.size(), 50) < 0) break;
      for (std::size_t i = 0; open && i < ends.size(); ++i)
        if (ends[i].revents != 0) open = pass(ends[i].fd, ends[1 - i].fd, i);
    }
    ::close(client);
    ::close(server);
  }
  bool pass(int from, int to, std::size_t direction) {
    Bytes bytes(16'384);
    const ssize_t size = ::recv(from, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    bytes.resize(static_cast<std::size_t>(size));
    {
      const std::lock_guard lock(mutex_);
      append(seen_.at(direction), bytes);
    }
    if (meddle_) meddle_(bytes);
    return ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  Meddle meddle_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::array<Bytes, 2> seen_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

// The types of TLS's records one after the other; nothing when the bytes are anything else (RFC 8446 §5.1).
std::optional<std::vector<int>> records_of(const Bytes& bytes) {
  std::vector<int> types;
  for (std::size_t at = 0; at + 5 <= bytes.size();) {
    const int type = bytes[at];
    if (type < 20 || type > 23 || bytes[at + 1] != 3) return std::nullopt;
    types.push_back(type);
    at += 5U + (static_cast<std::size_t>(bytes[at + 3]) << 8U) + bytes[at + 4];
  }
  return types;
}

Bytes secret_message() {
  Bytes message = numbered(1);
  append(message, view_of("nobody else is to read this"));
  return message;
}

TEST(Eavesdropping, OnlyRecordsOfTlsAreOnTheWire) {
  // Shows: FM-30.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  const Wiretap tap(bob.address(), nullptr);
  alice.open(1, tap.address(), world.bob);
  const auto link = alice.first_link();
  ASSERT_TRUE(link && bob.first_link());
  alice.send(*link, secret_message());
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  for (const std::size_t direction : {0U, 1U}) {
    const Bytes seen = tap.seen(direction);
    const auto types = records_of(seen);
    ASSERT_TRUE(types) << "not TLS";
    EXPECT_GT(types->size(), 1U);
    EXPECT_EQ(text_of(seen).find("nobody else"), std::string_view::npos);
    // TLS 1.3: who is talking is not to be seen either, beyond addresses.
    EXPECT_EQ(text_of(seen).find("overlay.example.org"), std::string_view::npos);
  }
}

TEST(Eavesdropping, AChangedByteEndsTheLink) {
  // Shows: FM-03, FM-30.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  std::atomic<bool> meddling{false};
  const Wiretap tap(bob.address(), [&](Bytes& bytes) {
    if (meddling) bytes.back() ^= 1;
  });
  alice.open(1, tap.address(), world.bob);
  const auto link = alice.first_link();
  ASSERT_TRUE(link && bob.first_link());
  meddling = true;
  alice.send(*link, secret_message());
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_TRUE(bob.seen().messages.empty());
}

TEST(SelfSignedLinks, AStolenNodeIdGetsNoLink) {
  // Shows: SEC-24, FM-18.
  LinkWorld world;
  constexpr auto k_digest = security::SelfSignedDigest::sha256;
  const std::string& overlay = world.authority.overlay_name();
  security::TrustSettings settings = world.authority.trust_settings();
  settings.root_certificates_der.clear();
  settings.self_signed_permitted = k_digest;
  const auto trust = security::Trust::make(settings);
  ASSERT_TRUE(trust.ok()) << trust.error().reason;
  const auto bob_own = ringway::test::self_signed("bob@example.org", overlay, k_digest);
  const auto alice_own = ringway::test::self_signed("alice@example.org", overlay, k_digest);
  TestPeer bob(world.pool, world.authority, world.bob, {.credentials = bob_own, .trust = *trust});
  TestPeer alice(world.pool, world.authority, world.alice, {.credentials = alice_own, .trust = *trust});
  alice.open(1, bob.address(), bob_own.signer->node_id());
  ASSERT_TRUE(alice.first_link() && bob.first_link());
  // A self-made authority's certificate for bob's Node-ID and name: whom nobody has to ask says nothing.
  const ringway::test::TestAuthority forger(overlay);
  TestPeer thief(
      world.pool, forger, bob_own.signer->node_id(),
      {.credentials = forger.credentials("bob@example.org", bob_own.signer->node_id()), .trust = *trust});
  const auto failed = alice.links().counters().handshakes_failed;
  alice.open(2, thief.address(), bob_own.signer->node_id());
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(alice.seen().downs[0].attempt, 2U);
  EXPECT_EQ(alice.links().counters().handshakes_failed, failed + 1);
}

}  // namespace
}  // namespace ringway::net::test
