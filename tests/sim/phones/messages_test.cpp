// Messages for absent users on whole simulated overlays: the rooms of sip-usage/messages with real storage,
// certificates that are found in the overlay, and peers that fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/config/mailbox_kind.hpp"
#include "sip-usage/message/parse.hpp"
#include "sip-usage/messages/collector.hpp"
#include "sip-usage/messages/keeper.hpp"
#include "sip-usage/messages/storing_peer.hpp"
#include "tests/sim/overlay.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sim {
namespace {

using namespace sip::messages;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ringway::test::TestAuthority& authority() {
  static const ringway::test::TestAuthority one("overlay.example.org");
  return one;
}

SimulationSettings settings_with_mailboxes(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.storage.usage_checks = usage_checks();
  settings.configure = [](config::Configuration& configuration) {
    configuration.kinds.add(config::mailbox_kind());
    for (const KindId id : {config::k_certificate_by_node, config::k_certificate_by_user}) {
      auto kind = *config::iana_kind(id);
      kind.max_count = 8;
      kind.max_size_bytes = 2000;
      configuration.kinds.add(kind);
    }
    configuration.root_certificates_der.push_back(authority().root_der());
  };
  return settings;
}

sip::Aor aor(const std::string& name) { return *sip::Aor::of_user_name(name + "@overlay.example.org"); }

// Both rooms at one peer, and a phone that takes every message.
struct Phone {
  Phone(Simulation& its_simulation, PeerNumber its_peer, const std::string& name)
      : simulation(its_simulation), peer(its_peer) {
    const NodeId node = simulation.peer(peer).node_id();
    const auto credentials = authority().credentials(aor(name).name(), node);
    simulation.peer(peer).use_signer(credentials.signer);
    user = {aor(name),
            node,
            {},
            {*security::load_envelope_key(credentials.private_key_pem, credentials.certificate_pem)}};
    restart();
  }
  void restart() {
    keeper = std::make_unique<Keeper>(std::vector<OwnUser>{user}, "overlay.example.org");
    collector = std::make_unique<Collector>(std::vector<OwnUser>{user});
  }

  void send(const std::string& to, const std::string& text) {
    const std::string uri = "sip:" + aor(to).name();
    const auto request = sip::parse_message(
        view_of("MESSAGE " + uri + " SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:" +
                user.aor.name() + ">;tag=1\r\nTo: <" + uri +
                ">\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: " +
                std::to_string(text.size()) + "\r\n\r\n" + text),
        sip::Framing::stream);
    keeper->keep(simulation.now(), KeepId{++last_keep}, *request, user.aor, 480);
  }
  void pump() {
    const Now now = simulation.now();
    keeper->on_timer(now);
    collector->on_timer(now);
    for (auto& output : keeper->take_outputs()) {
      if (const auto* ask = std::get_if<AskOverlay>(&output)) {
        submit(*keeper, *ask);
      } else if (const auto* of = std::get_if<AskCertificates>(&output)) {
        simulation.peer(peer).find_certificates(
            of->user_name, [this, id = of->id](const data::CertificatesFound& found) {
              keeper->on_certificates(simulation.now(), id, found.certificates, found.failure);
            });
      } else {
        answers.push_back(std::get<Answer>(output).status);
      }
    }
    for (auto& output : collector->take_outputs()) {
      if (const auto* ask = std::get_if<AskOverlay>(&output)) {
        submit(*collector, *ask);
      } else {
        const auto& deliver = std::get<Deliver>(output);
        shown.push_back(deliver.request.from.uri.user + ": " + deliver.request.body);
        collector->on_delivered(now, deliver.id, 200);
      }
    }
  }
  template <typename Room>
  void submit(Room& room, const AskOverlay& ask) {
    simulation.peer(peer).submit({ask.call}, [this, &room, id = ask.id](const auto& results) {
      room.on_call(simulation.now(), id, results.front());
    });
  }

  Simulation& simulation;
  PeerNumber peer;
  OwnUser user;
  std::unique_ptr<Keeper> keeper;
  std::unique_ptr<Collector> collector;
  std::uint64_t last_keep = 0;
  std::vector<unsigned> answers;
  std::vector<std::string> shown;
};

// Twelve peers: two of bob's, one of alice's, one of carol's, and eight others that hold what they say.
class AbsentUsers : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulation.grow(12));
    ASSERT_TRUE(forms_ring(simulation));
    PeerNumber peer = 1;
    for (const char* name : {"alice", "carol", "bob", "bob"}) {
      phones.push_back(std::make_unique<Phone>(simulation, peer, name));
      peer += 2;
    }
    simulation.run_for(std::chrono::seconds(20));  // their certificates are in the overlay then
  }
  Phone& alice() { return *phones[0]; }
  Phone& carol() { return *phones[1]; }
  Phone& laptop() { return *phones[2]; }
  Phone& tablet() { return *phones[3]; }

  void run(Duration time) {
    const MonoTime end = simulation.now().mono + time;
    simulation.run_until(
        [&] {
          for (const auto& phone : phones) phone->pump();
          return simulation.now().mono >= end;
        },
        time + Duration{1000});
  }
  void send(Phone& by, const std::string& text) {
    const std::size_t before = by.answers.size();
    by.send("bob", text);
    run(Duration{5'000});
    ASSERT_EQ(by.answers.size(), before + 1);
    EXPECT_EQ(by.answers.back(), 202U);
  }
  void register_at(Phone& phone) { phone.collector->on_registered(simulation.now(), phone.user.aor); }

  Simulation simulation{settings_with_mailboxes(67)};
  std::vector<std::unique_ptr<Phone>> phones;
};

TEST_F(AbsentUsers, GetTheMessagesOfTheLastHourOnceEach) {
  std::vector<std::string> sent;
  for (int i = 0; i < 6; ++i) {
    Phone& by = i % 2 == 0 ? alice() : carol();
    send(by, std::to_string(i));
    sent.push_back(by.user.aor.name().substr(0, 5) + ": " + std::to_string(i));
    run(std::chrono::minutes(10));
  }
  // It is more than a message of this overlay holds, and whoever is responsible for it may go meanwhile.
  const auto name = *mailbox_of(aor("bob"));
  const PeerNumber holder = simulation.responsible_for(resource_id_of(std::string_view(name)));
  ASSERT_TRUE(holder % 2 == 0 || holder > 7) << "a phone's own peer: take another seed";
  simulation.kill(holder);
  run(std::chrono::seconds(60));
  register_at(tablet());
  run(std::chrono::seconds(30));
  EXPECT_EQ(tablet().shown, sent);
  register_at(laptop());
  run(std::chrono::minutes(6));
  EXPECT_THAT(laptop().shown, IsEmpty());
  tablet().restart();
  register_at(tablet());
  run(std::chrono::minutes(6));
  EXPECT_EQ(tablet().shown, sent) << "not again";
}

TEST_F(AbsentUsers, WithTwoPhonesAtOnceGetThemOnce) {
  for (const char* text : {"one", "two", "three"}) send(alice(), text);
  register_at(tablet());
  register_at(laptop());
  run(std::chrono::minutes(4));
  auto all = tablet().shown;
  all.insert(all.end(), laptop().shown.begin(), laptop().shown.end());
  EXPECT_THAT(all, ElementsAre("alice: one", "alice: two", "alice: three"));
  EXPECT_TRUE(tablet().shown.empty() || laptop().shown.empty());
  // The sender's entry is pruned with the next message.
  send(alice(), "four");
  const auto result = simulation.call(
      0, data::GetCall{*mailbox_of(aor("bob")), std::nullopt, data::Consistency::one, config::k_mailbox});
  const auto& entries = std::get<data::GetResult>(result).entries;
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(wire::decode<KeptMessages>(SharedBytes(entries[0].value))->messages.size(), 1U);
}

TEST_F(AbsentUsers, CannotBeWrittenToByWhatIsNoEntry) {
  data::PutCall junk;
  junk.key = *mailbox_of(aor("bob"));
  junk.kind = config::k_mailbox;
  junk.value = copy_of(view_of("buy now"));
  const auto result = simulation.call(0, junk);
  ASSERT_TRUE(std::holds_alternative<data::CallFailure>(result));
  EXPECT_EQ(std::get<data::CallFailure>(result).error, data::CallError::permission_denied);
}

}  // namespace
}  // namespace ringway::sim
