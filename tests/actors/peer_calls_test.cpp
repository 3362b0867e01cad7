// Calls between the phones of two peers, over real sockets: phone, peer, AppAttach through the overlay, a TLS
// connection of the two peers, the other peer, its phone (RFC 7904 §5.1).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "actors/peer.hpp"
#include "reload/config/kinds.hpp"
#include "reload/link/link_id.hpp"
#include "tests/net/phones/phone_clients.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

using namespace std::chrono_literals;
using net::phones::test::UdpClient;
using ringway::test::node_id;

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& message) {
  Lines out;
  for (std::size_t at = 0; at < message.size();) {
    const auto end = std::min(message.find("\r\n", at), message.size());
    out.push_back(message.substr(at, end - at));
    at = end + 2;
  }
  return out;
}

Lines fields(const std::string& message, const std::string& name) {
  Lines out;
  for (const auto& line : lines_of(message))
    if (line.starts_with(name + ": ")) out.push_back(line.substr(name.size() + 2));
  return out;
}

std::string field(const std::string& message, const std::string& name) {
  const auto all = fields(message, name);
  return all.empty() ? "" : all.front();
}

std::string in_angles(const std::string& address) {
  const auto from = address.find('<') + 1;
  return address.substr(from, address.find('>') - from);
}

std::string lines(const std::string& name, const Lines& values) {
  std::string out;
  for (const auto& value : values) out += name + ": " + value + "\r\n";
  return out;
}

// One that speaks SIP as far as these calls need it.
class Phone {
 public:
  Phone(const wire::IpAddressPort& peer, std::string user) : socket_(peer), user_(std::move(user)) {}

  bool registers() {
    socket_.send(request("REGISTER", "sip:overlay.example.org", "<sip:" + user_ + ">", ""));
    return expect("SIP/2.0 200 ").has_value();
  }
  void call(const std::string& uri) { socket_.send(request("INVITE", uri, '<' + uri + '>', "")); }
  // In the dialog of this answer to our INVITE.
  void send_in_dialog(const std::string& method, const std::string& answer) {
    auto route = fields(answer, "Record-Route");
    std::reverse(route.begin(), route.end());
    if (method == "ACK") --cseq_;
    socket_.send(
        request(method, in_angles(field(answer, "Contact")), field(answer, "To"), lines("Route", route)));
  }
  void answer(const std::string& request, const std::string& status) {
    std::string to = field(request, "To");
    if (to.find(";tag=") == std::string::npos) to += ";tag=" + user_.substr(0, user_.find('@'));
    socket_.send("SIP/2.0 " + status + "\r\n" + lines("Via", fields(request, "Via")) +
                 lines("Record-Route", fields(request, "Record-Route")) + "From: " + field(request, "From") +
                 "\r\nTo: " + to + "\r\nCall-ID: " + field(request, "Call-ID") + "\r\nCSeq: " +
                 field(request, "CSeq") + "\r\nContact: " + contact() + "\r\nContent-Length: 0\r\n\r\n");
  }
  // The next message that begins so; others are passed over.
  std::optional<std::string> expect(const std::string& beginning) {
    while (const auto message = socket_.receive())
      if (message->starts_with(beginning)) return message;
    return std::nullopt;
  }

 private:
  std::string contact() const {
    return "<sip:" + user_.substr(0, user_.find('@')) + "@127.0.0.1:" + std::to_string(socket_.port()) + '>';
  }
  std::string request(const std::string& method, const std::string& uri, const std::string& to,
                      const std::string& more) {
    ++cseq_;
    return method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:" + std::to_string(socket_.port()) +
           ";rport;branch=z9hG4bK" + method + std::to_string(cseq_) + "\r\n" + more +
           "Max-Forwards: 70\r\nTo: " + to + "\r\nFrom: <sip:" + user_ + ">;tag=f" + "\r\nCall-ID: c" +
           user_ + "\r\nCSeq: " + std::to_string(cseq_) + ' ' + method + "\r\nContact: " + contact() +
           "\r\nContent-Length: 0\r\n\r\n";
  }

  UdpClient socket_;
  const std::string user_;
  int cseq_ = 0;
};

class PeerCalls : public testing::Test {
 protected:
  std::shared_ptr<Peer> start(const NodeId& node, const std::string& user,
                              std::vector<config::BootstrapNode> bootstrap) {
    const auto credentials = authority_.credentials(user, node);
    auto configuration = std::make_shared<config::Configuration>();
    configuration->instance_name = authority_.overlay_name();
    configuration->no_ice = true;
    configuration->root_certificates_der = {authority_.root_der()};
    configuration->bootstrap_nodes = std::move(bootstrap);
    auto kind = *config::iana_kind(config::k_sip_registration);
    kind.max_count = 32;
    kind.max_size_bytes = 1024;
    configuration->kinds.add(kind);
    PeerSettings settings;
    settings.name = user;
    settings.configuration = configuration;
    settings.private_key_pem = credentials.private_key_pem;
    settings.certificates_pem = credentials.certificate_pem;
    EXPECT_TRUE(link::parse_address("127.0.0.1:0", settings.listen));
    settings.routing.first_peer = configuration->bootstrap_nodes.empty();
    settings.sip = std::make_shared<SipSettings>();
    settings.sip->phones.listen = {{net::phones::Transport::udp, settings.listen}};
    settings.sip->trusts_loopback = true;
    settings.sip->accounts.push_back({*sip::Aor::of_user_name(user), user, {}});
    auto started = host_->start_peer(std::move(settings),
                                     [](const PeerFailure& failure) { ADD_FAILURE() << failure.reason; });
    EXPECT_TRUE(started.ok()) << (started ? "" : started.error().reason);
    return started ? *started : nullptr;
  }
  static PeerStatus status_of(Peer& peer) {
    std::promise<PeerStatus> answered;
    peer.status([&](PeerStatus status) { answered.set_value(std::move(status)); });
    return answered.get_future().get();
  }
  static bool wait(const std::function<bool()>& enough) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!enough()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }
  static bool joins(Peer& peer) {
    return wait([&] { return status_of(peer).routing.view->joined; });
  }
  static wire::IpAddressPort sip_of(Peer& peer) { return status_of(peer).sip->listening_on.at(0).at; }

  ringway::test::TestAuthority authority_;
  std::shared_ptr<PeerHost> host_ = PeerHost::make({1, 1, 1});
};

TEST_F(PeerCalls, FromThePhoneOfOnePeerToThatOfAnother) {
  // Shows: SIP-16, SIP-17, SIP-18.
  const auto first = start(node_id(0x40), "alice@overlay.example.org", {});
  ASSERT_TRUE(first && joins(*first));
  const auto second =
      start(node_id(0x80), "bob@overlay.example.org", {{"127.0.0.1", first->listening_on().port}});
  ASSERT_TRUE(second && joins(*second));
  Phone alice(sip_of(*first), "alice@overlay.example.org"), bob(sip_of(*second), "bob@overlay.example.org");
  ASSERT_TRUE(alice.registers());
  ASSERT_TRUE(bob.registers());

  alice.call("sip:bob@overlay.example.org");
  const auto invite = bob.expect("INVITE ");
  ASSERT_TRUE(invite);
  EXPECT_NE(field(*invite, "Via").find("SIP/2.0/UDP"), std::string::npos);
  bob.answer(*invite, "180 Ringing");
  EXPECT_TRUE(alice.expect("SIP/2.0 180 "));
  bob.answer(*invite, "200 OK");
  const auto answer = alice.expect("SIP/2.0 200 ");
  ASSERT_TRUE(answer);
  alice.send_in_dialog("ACK", *answer);
  EXPECT_TRUE(bob.expect("ACK "));
  alice.send_in_dialog("BYE", *answer);
  const auto bye = bob.expect("BYE ");
  ASSERT_TRUE(bye);
  bob.answer(*bye, "200 OK");
  EXPECT_TRUE(alice.expect("SIP/2.0 200 "));

  const auto caller = status_of(*first).sip, callee = status_of(*second).sip;
  EXPECT_EQ(caller->peers.opened, 1U);
  EXPECT_EQ(callee->peers.accepted, 1U);
  EXPECT_GT(callee->peer_links.bytes_in, 0U);
  // The way back takes the connection that is there (SIP-18).
  bob.call("sip:alice@overlay.example.org");
  ASSERT_TRUE(alice.expect("INVITE "));
  EXPECT_EQ(status_of(*second).sip->peers.opened, 0U);
}

}  // namespace
}  // namespace ringway::actors
