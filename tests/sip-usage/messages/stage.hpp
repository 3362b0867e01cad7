// An overlay in a few lines for the rooms of kept messages: dictionaries with generations and lifetimes,
// certificates, a clock, and phones that answer as a test says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sip-usage/message/parse.hpp"
#include "sip-usage/messages/collector.hpp"
#include "sip-usage/messages/keeper.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sip::messages::test {

inline constexpr const char* k_overlay = "overlay.example.org";

inline Aor aor(const std::string& name) { return *Aor::of_user_name(name + "@" + k_overlay); }

// Made once: key, certificate and the user that a peer has them for.
struct Device {
  ringway::test::Credentials credentials;
  OwnUser user;
  const security::CertificatePtr& certificate() const { return credentials.signer->certificate(); }
};
inline const Device& device(const std::string& name, std::uint8_t node,
                            services::KeyType type = services::KeyType::p256) {
  static const ringway::test::TestAuthority authority(k_overlay);
  static std::map<std::pair<std::string, int>, Device> all;
  auto& out = all[{name, node}];
  if (!out.credentials.signer) {
    ringway::test::IssueOptions options;
    options.key_type = type;
    out.credentials = authority.credentials(aor(name).name(), ringway::test::node_id(node), options);
    out.user = {
        aor(name),
        ringway::test::node_id(node),
        {},
        {*security::load_envelope_key(out.credentials.private_key_pem, out.credentials.certificate_pem)}};
  }
  return out;
}

// A MESSAGE as a phone sends it.
inline Message text_message(const std::string& text, const std::string& to = "bob",
                            const std::string& more_fields = {}) {
  const std::string octets = "MESSAGE sip:" + to + "@" + k_overlay +
                             " SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\nFrom: "
                             "<sip:alice@overlay.example.org>;tag=1\r\nTo: <sip:" +
                             to + "@" + k_overlay +
                             ">\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Type: "
                             "text/plain\r\n" +
                             more_fields + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
                             text;
  return *parse_message(view_of(octets), Framing::stream);
}

class FakeOverlay {
 public:
  struct Stored {
    data::Entry entry;
    WallMs until_ms = 0;
  };
  struct Dictionary {
    std::uint64_t generation = 0;
    std::map<std::string, Stored> entries;
  };

  data::CallResult answer(const Device& by, const data::Call& call, WallMs now_ms) {
    ++calls;
    if (const auto error = fails(call)) return data::CallFailure{*error, "as the test says", 0};
    if (const auto* put = std::get_if<data::PutCall>(&call)) return answer_put(by, *put, now_ms);
    if (const auto* gone = std::get_if<data::RemoveCall>(&call)) return answer_remove(by, *gone);
    return answer_get(std::get<data::GetCall>(call), now_ms);
  }

  std::map<std::pair<KindId, std::string>, Dictionary> dictionaries;
  std::function<std::optional<data::CallError>(const data::Call&)> fails = [](auto&&) {
    return std::nullopt;
  };
  std::size_t calls = 0, puts = 0;

 private:
  data::CallResult answer_put(const Device& by, const data::PutCall& put, WallMs now_ms) {
    auto& dictionary = dictionaries[{put.kind, put.key}];
    if (put.expected_generation && *put.expected_generation != dictionary.generation)
      return data::CallFailure{data::CallError::aborted, "", dictionary.generation};
    if (put.value.size() > k_max_entry_bytes)
      return data::CallFailure{data::CallError::resource_exhausted, "", 0};
    ++puts;
    const NodeId& node = by.user.node;
    const std::string at = put.kind == 0 ? put.entry : node.hex();
    dictionary.entries[at] = {{put.entry, put.value, by.user.aor.name(), node, now_ms, put.lifetime_s},
                              now_ms + WallMs{1000} * put.lifetime_s};
    data::PutResult result;
    result.generation = ++dictionary.generation;
    return result;
  }

  data::CallResult answer_remove(const Device& by, const data::RemoveCall& gone) {
    auto& dictionary = dictionaries[{gone.kind, gone.key}];
    dictionary.entries.erase(gone.kind == 0 ? gone.entry : by.user.node.hex());
    data::PutResult result;
    result.generation = ++dictionary.generation;
    return result;
  }

  data::CallResult answer_get(const data::GetCall& get, WallMs now_ms) {
    auto& dictionary = dictionaries[{get.kind, get.key}];
    data::GetResult out;
    out.generation = dictionary.generation;
    for (const auto& [at, stored] : dictionary.entries) {
      const bool is_wanted =
          !get.entry || (get.kind == 0 ? at == *get.entry : at == to_hex(view_of(*get.entry)));
      if (is_wanted && stored.until_ms > now_ms) out.entries.push_back(stored.entry);
    }
    if (out.entries.empty()) return data::CallFailure{data::CallError::not_found, "", out.generation};
    return out;
  }
};

// One peer of a user: both rooms.
struct Peer {
  explicit Peer(const Device& its_device)
      : device(its_device), keeper({its_device.user}, k_overlay), collector({its_device.user}) {}
  const Device& device;
  Keeper keeper;
  Collector collector;
  std::vector<Answer> answers;
  std::vector<Message> delivered;  // shown to the phone
  std::vector<Deliver> ringing;    // not answered yet
  // The answer of the user's phones.
  std::function<std::optional<unsigned>(const Message&)> phone = [](auto&&) { return 200U; };
  bool phone_is_slow = false;  // it answers when the test says so
  std::function<bool(const data::Call&)> holds = [](auto&&) { return false; };
  std::vector<std::function<void()>> held;
};

class Stage {
 public:
  Now now{{1'000'000}, ringway::test::k_now_ms};
  FakeOverlay overlay;
  std::map<std::string, std::vector<security::CertificatePtr>> certificates;  // by user name

  Peer& add(const Device& device) {
    peers_.push_back(std::make_unique<Peer>(device));
    certificates[device.user.aor.name()].push_back(device.certificate());
    return *peers_.back();
  }
  // Its end, with all that it knew.
  void restart(Peer& peer) {
    for (auto& each : peers_)
      if (each.get() == &peer) {
        const Device& of = peer.device;
        std::destroy_at(&peer);
        std::construct_at(&peer, of);
      }
  }

  // Until nobody has anything to say.
  void run() {
    for (bool goes_on = true; goes_on;) {
      goes_on = false;
      for (auto& peer : peers_) goes_on |= step(*peer);
    }
  }
  // With all timers on the way.
  void advance(Duration by) {
    const MonoTime end = now.mono + by;
    run();
    for (;;) {
      Deadline next;
      for (auto& peer : peers_)
        next = sooner(next, sooner(peer->keeper.next_wake(), peer->collector.next_wake()));
      if (!next || *next > end) break;
      move_to(std::max(*next, now.mono));
      for (auto& peer : peers_) {
        peer->keeper.on_timer(now);
        peer->collector.on_timer(now);
      }
      run();
    }
    move_to(end);
  }

  // Bob's list, or a sender's entry in his mailbox, in whatever form.
  void put_received(const Device& by, Bytes value, std::uint32_t lifetime_s = 100'000) {
    put(by, 0, std::move(value), lifetime_s);
  }
  void put_entry(const Device& by, Bytes value) { put(by, k_mailbox, std::move(value), 100'000); }

  KeepId keep(Peer& by, const Message& message, unsigned status = 480) {
    const KeepId id{++last_keep_};
    by.keeper.keep(now, id, message, by.device.user.aor, status);
    return id;
  }
  // Its status, once there is one; 0: none yet.
  static unsigned status_of(const Peer& peer, KeepId id) {
    for (const Answer& each : peer.answers)
      if (each.keep == id) return each.status;
    return 0;
  }
  unsigned send(Peer& by, const std::string& text, const std::string& to = "bob") {
    const KeepId id = keep(by, text_message(text, to));
    run();
    return status_of(by, id);
  }
  void register_phone(Peer& peer) {
    peer.collector.on_registered(now, peer.device.user.aor);
    run();
  }
  static std::vector<std::string> texts(const Peer& peer) {
    std::vector<std::string> out;
    for (const Message& each : peer.delivered) out.push_back(each.body);
    return out;
  }
  void release(Peer& peer) {
    for (const auto& each : std::exchange(peer.held, {})) each();
    run();
  }

 private:
  void put(const Device& by, KindId kind, Bytes value, std::uint32_t lifetime_s) {
    data::PutCall call;
    call.key = *mailbox_of(aor("bob"));
    call.kind = kind;
    call.value = std::move(value);
    call.lifetime_s = lifetime_s;
    overlay.answer(by, call, now.wall_ms);
  }

  void move_to(MonoTime at) {
    now.wall_ms += static_cast<WallMs>((at - now.mono).count());
    now.mono = at;
  }

  // At once, or when the test says so.
  template <typename Room>
  void answer(Peer& peer, Room& room, const AskOverlay& ask) {
    const auto now_or_later = [this, &peer, &room, ask] {
      room.on_call(now, ask.id, overlay.answer(peer.device, ask.call, now.wall_ms));
    };
    if (peer.holds(ask.call)) {
      peer.held.emplace_back(now_or_later);
    } else {
      now_or_later();
    }
  }

  bool step(Peer& peer) {
    auto of_keeper = peer.keeper.take_outputs();
    for (auto& output : of_keeper) {
      if (const auto* ask = std::get_if<AskOverlay>(&output)) {
        answer(peer, peer.keeper, *ask);
      } else if (const auto* of = std::get_if<AskCertificates>(&output)) {
        answer_certificates(peer, *of);
      } else {
        peer.answers.push_back(std::get<Answer>(output));
      }
    }
    auto of_collector = peer.collector.take_outputs();
    for (auto& output : of_collector) {
      if (const auto* ask = std::get_if<AskOverlay>(&output)) {
        answer(peer, peer.collector, *ask);
      } else {
        deliver(peer, std::get<Deliver>(output));
      }
    }
    return !of_keeper.empty() || !of_collector.empty();
  }

  void answer_certificates(Peer& peer, const AskCertificates& of) {
    const auto& found = certificates[of.user_name];
    std::optional<data::CallFailure> failure;
    if (found.empty())
      failure = data::CallFailure{data::CallError::not_found, "no valid certificate is stored there", 0};
    peer.keeper.on_certificates(now, of.id, found, failure);
  }

  void deliver(Peer& peer, const Deliver& what) {
    if (peer.phone_is_slow) {
      peer.ringing.push_back(what);
      return;
    }
    const auto status = peer.phone(what.request);
    if (status && *status < 300) peer.delivered.push_back(what.request);
    peer.collector.on_delivered(now, what.id, status);
  }

  std::vector<std::unique_ptr<Peer>> peers_;
  std::uint64_t last_keep_ = 0;
};

}  // namespace ringway::sip::messages::test
