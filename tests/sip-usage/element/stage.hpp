// Elements joined back to back through their outputs: peers with an overlay that is a map, phones that are
// scripts. No sockets; time stands still until it is moved.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "tests/sip-usage/message/text.hpp"
#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::element::test {

using registrar::test::accounts;
using registrar::test::node;

inline Settings settings_of(std::uint8_t number) {
  const wire::DestinationList route = {wire::to_node(node(number))};
  const std::string address = "192.0.2." + std::to_string(number);
  Settings out;
  out.proxy.own_addresses = {{address, 5060}};
  out.proxy.domains = {"example.org"};
  out.proxy.overlay_gr = *write_gr(route);
  out.proxy.overlay_here = {"TLS", "example.org", std::nullopt};
  out.proxy.outside_here = {"UDP", address, 5060};
  out.proxy.key = Bytes(32, number);
  out.registrar.overlay_name = "example.org";
  out.registrar.route = route;
  out.lookup.overlay_name = "example.org";
  return out;
}

// What a phone has got, and what it answers or asks next.
struct Phone {
  std::string user, domain = "example.org";
  std::size_t peer = 0;  // of World::peers
  FlowId flow{};
  std::string transport;
  std::string address;
  StreamFramer framer{StreamEnd::opened};
  std::deque<Message> inbox;
  std::size_t pongs = 0;
  bool is_closed = false;
  unsigned last_cseq = 0;

  std::vector<unsigned> statuses() {  // of responses, 100 left out; the inbox is empty then
    std::vector<unsigned> out;
    for (const auto& each : inbox)
      if (!each.is_request() && each.status() != 100) out.push_back(each.status());
    inbox.clear();
    return out;
  }
  // The first of that method, or of that status, that was not taken before.
  std::optional<Message> request(const std::string& method) {
    return take([&](const Message& each) { return each.is_request() && each.method() == method; });
  }
  std::optional<Message> response(unsigned status) {
    return take([&](const Message& each) { return !each.is_request() && each.status() == status; });
  }

 private:
  template <typename Is>
  std::optional<Message> take(Is is) {
    const auto found = std::find_if(inbox.begin(), inbox.end(), is);
    if (found == inbox.end()) return std::nullopt;
    Message out = std::move(*found);
    inbox.erase(found);
    return out;
  }
};

class World {
 public:
  explicit World(std::vector<std::vector<std::string>> users_of_peers = {{"alice"}, {"bob"}},
                 bool trusts_loopback = false, const std::function<void(Settings&)>& change = {}) {
    for (const auto& users : users_of_peers) {
      auto& names = users_of.emplace_back();
      for (const auto& user : users) names.push_back(user + "@example.org");
      const auto number = static_cast<std::uint8_t>(peers.size() + 1);
      Settings settings = settings_of(number);
      settings.registrar.trusts_loopback = trusts_loopback;
      settings.calls_per_second = 0;
      if (change) change(settings);
      begin_peer.emplace_back([settings = std::move(settings), users](std::vector<CallRecord> calls) {
        return std::make_unique<Element>(
            settings, accounts(users), std::make_shared<registrar::test::CountingRandom>(), std::move(calls));
      });
      peers.push_back(begin_peer.back()({}));
    }
    credit.resize(peers.size());
    kept_bindings.resize(peers.size());
  }
  // As after the process was killed: with what was kept, and without a flow.
  void restart(std::size_t peer) {
    std::vector<CallRecord> calls;
    for (const auto& [at_peer, record] : kept_calls)
      if (at_peer == peer) calls.push_back(*decode_call_record(SharedBytes(encode(record))));
    std::erase_if(phone_of, [&](const auto& each) { return each.second->peer == peer; });
    peers[peer] = begin_peer[peer](std::move(calls));
    Restarted restarted;
    for (const auto& [aor, octets] : kept_bindings[peer]) restarted.bindings.push_back({aor, octets});
    into(peer, std::move(restarted));
  }

  // ---- phones

  Phone& phone(const std::string& user, std::size_t peer, const std::string& transport = "TCP",
               bool is_loopback = false) {
    phones.push_back(std::make_unique<Phone>());
    Phone& out = *phones.back();
    out.user = user;
    out.peer = peer;
    out.transport = transport;
    out.flow = FlowId{++last_flow};
    out.address = "10.0.0." + std::to_string(last_flow);
    phone_of[out.flow] = &out;
    const std::string here = "192.0.2." + std::to_string(peer + 1);
    into(peer, FlowUp{out.flow, transport, {here, 5060}, {out.address, 4000}, out.address, is_loopback, {}});
    return out;
  }
  // Another implementation's peer with that user in its certificate, as a phone that sends over its
  // connection.
  Phone& foreign_peer(const std::string& user, std::size_t peer, std::vector<std::string> names = {}) {
    phones.push_back(std::make_unique<Phone>());
    Phone& out = *phones.back();
    out.user = user;
    out.peer = peer;
    out.transport = "TLS";
    out.flow = FlowId{++last_flow};
    out.address = "10.0.0." + std::to_string(last_flow);
    phone_of[out.flow] = &out;
    if (names.empty()) names = {user + "@example.org"};
    into(peer, PeerUp{out.flow, node_of(out), {}, std::move(names)});
    return out;
  }
  static NodeId node_of(const Phone& foreign) {
    return node(static_cast<std::uint8_t>(100 + static_cast<std::uint64_t>(foreign.flow)));
  }
  // It goes on over this flow.
  void adopt(Phone& phone, FlowUp up) {
    phone.flow = up.flow;
    phone_of[up.flow] = &phone;
    into(phone.peer, std::move(up));
  }
  // A connection that the element has asked for.
  Phone& opened(const OpenAddress& open, std::size_t peer) {
    phones.push_back(std::make_unique<Phone>());
    Phone& out = *phones.back();
    out.user = "opened";
    out.peer = peer;
    out.transport = open.transport;
    out.flow = FlowId{++last_flow};
    out.address = open.remote.host;
    phone_of[out.flow] = &out;
    const std::string here = "192.0.2." + std::to_string(peer + 1);
    const std::uint16_t port = open.transport == "UDP" ? 5060 : 40'000;  // the listener's socket
    into(peer,
         FlowUp{out.flow, open.transport, {here, port}, open.remote, open.remote.host, false, open.open});
    return out;
  }
  Phone& stranger(const std::string& user, std::size_t peer, const std::string& transport = "TCP") {
    Phone& out = phone(user, peer, transport);
    out.domain = "elsewhere.example";
    return out;
  }
  void send_octets(Phone& from, const std::string& octets) {
    const std::size_t cost = octets.size() + 256;
    credit[from.peer][from.flow] -= static_cast<std::int64_t>(cost);
    into(from.peer, Received{from.flow, SharedBytes(copy_of(view_of(octets))), cost});
  }
  void send(Phone& from, const Message& message) { send_octets(from, message.print()); }
  void hang_connection(Phone& of) {
    phone_of.erase(of.flow);
    into(of.peer, FlowDown{of.flow, "gone"});
  }

  Message request(Phone& from, const std::string& method, const std::string& to,
                  const std::string& call_id = "call", const std::vector<std::string>& more = {}) {
    const auto cseq = std::to_string(++from.last_cseq);
    const std::string uri = method == "REGISTER" ? "sip:example.org" : to;
    std::vector<std::string> lines = {
        method + ' ' + uri + " SIP/2.0",
        "Via: SIP/2.0/" + from.transport + ' ' + from.address + ":4000;rport;branch=z9hG4bK" + from.user +
            std::to_string(static_cast<std::uint64_t>(from.flow)) + call_id + cseq,
        "Max-Forwards: 70",
        "To: <" + to + ">",
        "From: <sip:" + from.user + '@' + from.domain + ">;tag=" + from.user,
        "Call-ID: " + call_id,
        "CSeq: " + cseq + ' ' + method,
        "Contact: <sip:" + from.user + '@' + from.address + ":4000;transport=" + lower(from.transport) + '>'};
    lines.insert(lines.end(), more.begin(), more.end());
    return sip::test::message(lines);
  }
  // As a phone does with the challenge of a 401 or 407.
  static void add_credentials(Message& request, const Message& challenge, const std::string& password) {
    const bool is_proxy = challenge.status() == 407;
    const std::string* field = challenge.field(is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    ASSERT_NE(field, nullptr);
    const auto at = field->find("nonce=\"") + 7;
    Credentials out;
    out.username = request.from.uri.user;
    out.realm = "example.org";
    out.nonce = field->substr(at, field->find('"', at) - at);
    out.uri = request.request_uri().print();
    out.algorithm = "SHA-256";
    out.cnonce = "0a4f113b";
    out.qop = "auth";
    out.nonce_count = "00000001";
    const auto key =
        registrar::Ha1::of_password(registrar::Algorithm::sha256, out.username, out.realm, password);
    out.response = registrar::digest_response(key, out, request.method());
    request.set_field(is_proxy ? "Proxy-Authorization" : "Authorization", out.print());
  }
  // Sends it, and again with credentials when it is challenged; the final answer.
  std::optional<Message> ask(Phone& from, Message request, const std::string& password) {
    send(from, request);
    for (const unsigned challenge : {401U, 407U}) {
      const auto asked = from.response(challenge);
      if (!asked) continue;
      add_credentials(request, *asked, password);
      request.cseq.number = ++from.last_cseq;
      request.vias.front().parameters.set("branch", "z9hG4bKagain" + std::to_string(++last_branch));
      send(from, request);
    }
    for (auto& each : from.inbox)
      if (!each.is_request() && each.status() >= 200 && each.cseq == request.cseq) return each;
    return std::nullopt;
  }
  unsigned register_phone(Phone& phone, const std::vector<std::string>& more = {}) {
    const std::string aor = "sip:" + phone.user + "@example.org";
    const auto answer =
        ask(phone, request(phone, "REGISTER", aor, "reg" + phone.address, more), phone.user + "-secret");
    phone.inbox.clear();
    return answer ? answer->status() : 0;
  }
  // All connections between peers end.
  void cut_peers() {
    for (const auto& [end, other] : std::exchange(peer_link, {}))
      peers[end.first]->handle(now(), FlowDown{end.second, "cut"});
    pump();
  }
  // `request` is one that the phone has got.
  void answer(Phone& from, const Message& request, unsigned status) {
    auto response = make_response(request, status, "tag" + from.address);
    if (status < 300) {
      response.contacts = {*NameAddr::parse("<sip:" + from.user + '@' + from.address + ":4000>")};
      response.record_routes = request.record_routes;
    }
    send(from, response);
  }
  // Within the dialog that this response to the phone's INVITE has begun, or this INVITE (of who answers).
  Message in_dialog(Phone& from, const std::string& method, const Message& of) {
    auto out = request(from, method, "sip:x@example.org", of.call_id);
    const bool is_caller = !of.is_request();
    out.routes = of.record_routes;
    if (is_caller) std::reverse(out.routes.begin(), out.routes.end());
    out.from = is_caller ? of.from : of.to;
    if (!is_caller) out.from.parameters.set("tag", "tag" + from.address);
    out.to = is_caller ? of.to : of.from;
    out.start = RequestLine{method, of.contacts.front().uri};
    if (method == "ACK") out.cseq.number = of.cseq.number;
    return out;
  }

  // ---- what the elements want

  void into(std::size_t peer, Input input) {
    peers[peer]->handle(now(), std::move(input));
    pump();
  }
  void pump() {
    for (bool is_quiet = false; !is_quiet;) {
      is_quiet = true;
      for (std::size_t peer = 0; peer < peers.size(); ++peer)
        for (auto& output : peers[peer]->take_outputs()) {
          is_quiet = false;
          std::visit([&](auto& each) { carry_out(peer, each); }, output);
        }
    }
  }
  void connect(std::size_t peer, const OpenPeer& open) {  // one of silent_opens
    make_connection(peer, open);
    pump();
  }
  void pass(Duration time) {
    const MonoTime until = at + time;
    for (;;) {
      Deadline next;
      for (const auto& peer : peers) next = sooner(next, peer->next_wake());
      if (!next || *next > until) break;
      at = std::max(at, *next);
      for (const auto& peer : peers)
        if (const auto wake = peer->next_wake(); wake && *wake <= at) peer->on_timer(now());
      pump();
    }
    at = until;
  }
  Now now() const { return {at, static_cast<WallMs>(at.ms)}; }

  std::vector<std::unique_ptr<Element>> peers;
  std::vector<std::vector<std::string>> users_of;  // in the certificates of the peers
  std::vector<std::unique_ptr<Phone>> phones;
  std::map<std::string, std::map<std::size_t, Bytes>> overlay;  // by address and peer
  bool overlay_answers = true, overlay_takes = true;
  QuestionId last_fetch{};
  std::vector<std::map<FlowId, std::int64_t>> credit;  // spent is below 0
  std::map<FlowId, bool> held;
  std::vector<SendToPort> to_ports;
  std::vector<OpenAddress> opened_addresses;
  std::vector<AskServers> asked_servers;
  std::vector<QuestionId> dropped_questions;
  std::size_t peer_connections = 0;
  std::set<std::pair<std::size_t, std::size_t>> connected;  // the smaller one first
  std::deque<std::size_t> responsible;  // who answers for a Resource-ID, one question after the other
  bool is_cut = false;                  // no peer reaches another
  bool is_silent = false;               // who is to connect says nothing
  std::vector<OpenPeer> silent_opens;
  bool is_impostor = false;                                    // another node answers
  std::vector<std::pair<std::size_t, CallRecord>> kept_calls;  // and at which peer
  std::vector<MessageSent> sent_messages;                      // of programs
  std::vector<MailboxRead> read_mailboxes;
  std::vector<std::map<Aor, Bytes>> kept_bindings;  // of each peer
  // Of kept messages and presence; without them nothing is answered.
  std::function<data::CallResult(std::size_t, const data::Call&)> answer_call;
  std::function<std::vector<security::CertificatePtr>(const std::string&)> certificates_of;
  std::optional<data::CallFailure> no_certificates{};  // instead
  std::function<data::WatchResult(const std::string& key)> look;
  std::map<std::pair<std::size_t, presence::WatchId>, std::string> watched;  // by which peer; the key
  std::vector<ShowSight> shown;

  // What is stored there now, to who watches it.
  void tell(const std::string& key) {
    const auto all = watched;
    for (const auto& [watch, its_key] : all)
      if (its_key == key && look) peers[watch.first]->handle(now(), OverlayTold{watch.second, look(key)});
    pump();
  }

 private:
  static std::string lower(std::string text) {
    for (char& each : text) each = static_cast<char>(std::tolower(each));
    return text;
  }
  static Bytes value_of(const SipRegistration& registration) {
    wire::Writer out;
    write(out, registration);
    return out.take();
  }
  std::size_t peer_of(const wire::DestinationList& destinations) const {
    for (std::size_t peer = 0; peer < peers.size(); ++peer)
      if (destinations.back() == wire::to_node(node(static_cast<std::uint8_t>(peer + 1)))) return peer;
    return peers.size();
  }

  void carry_out(std::size_t peer, Send& send) {
    if (const auto other = peer_link.find({peer, send.flow}); other != peer_link.end())
      return peers[other->second.first]->handle(now(), Received{other->second.second, send.octets, 0});
    const auto found = phone_of.find(send.flow);
    if (found == phone_of.end()) return;
    Phone& phone = *found->second;
    if (phone.transport == "UDP" || phone.transport == "WS") {
      if (auto parsed = parse_message(send.octets, Framing::datagram))
        phone.inbox.push_back(std::move(*parsed));
      else
        ++phone.pongs;
      return;
    }
    phone.framer.receive(send.octets);
    while (auto event = phone.framer.next()) {
      if (auto* message = std::get_if<MessageReceived>(&*event))
        phone.inbox.push_back(std::move(message->message));
      else
        ++phone.pongs;
    }
  }
  void carry_out(std::size_t, SendToPort& send) { to_ports.push_back(std::move(send)); }
  void carry_out(std::size_t peer, GiveCredit& give) {
    credit[peer][give.flow] += static_cast<std::int64_t>(give.credit);
  }
  void carry_out(std::size_t, HoldFlow& hold) { held[hold.flow] = hold.held; }
  void carry_out(std::size_t peer, CloseFlow& close) {
    if (const auto found = phone_of.find(close.flow); found != phone_of.end()) {
      found->second->is_closed = true;
      phone_of.erase(found);
    }
    if (const auto other = peer_link.find({peer, close.flow}); other != peer_link.end()) {
      peers[other->second.first]->handle(now(), FlowDown{other->second.second, "closed there"});
      peer_link.erase(other->second);
      peer_link.erase({peer, close.flow});
    }
    peers[peer]->handle(now(), FlowDown{close.flow, close.reason});
  }
  void carry_out(std::size_t, OpenAddress& open) { opened_addresses.push_back(std::move(open)); }
  void carry_out(std::size_t peer, OpenPeer& open) {
    if (is_silent)
      silent_opens.push_back(std::move(open));
    else
      make_connection(peer, open);
  }
  void make_connection(std::size_t peer, const OpenPeer& open) {
    auto other = peer_of(open.destinations);
    if (std::holds_alternative<wire::ResourceDestination>(open.destinations.back()) && !responsible.empty()) {
      other = responsible.front();
      responsible.pop_front();
    }
    if (other == peers.size() || other == peer || is_cut)
      return peers[peer]->handle(now(), OpenFailed{open.open, "no such node"});
    ++peer_connections;
    connected.insert(std::minmax(peer, other));
    const FlowId here{++last_flow}, there{++last_flow};
    peer_link[{peer, here}] = {other, there};
    peer_link[{other, there}] = {peer, here};
    peers[other]->handle(now(), PeerUp{there, node(static_cast<std::uint8_t>(peer + 1)), {}, users_of[peer]});
    const auto seen = is_impostor ? std::uint8_t{99} : static_cast<std::uint8_t>(other + 1);
    peers[peer]->handle(now(), PeerUp{here, node(seen), open.open, users_of[other]});
  }
  void carry_out(std::size_t peer, FetchFromOverlay& fetch) {
    last_fetch = fetch.question;
    if (!overlay_answers) return;
    RegistrationsFetched answer{fetch.question, {}};
    for (const auto& [writer, value] : overlay[fetch.aor.name()])
      answer.found.push_back({node(static_cast<std::uint8_t>(writer + 1)), value, 600});
    peers[peer]->handle(now(), std::move(answer));
  }
  void carry_out(std::size_t, AskServers& ask) { asked_servers.push_back(std::move(ask)); }
  void carry_out(std::size_t, DropQuestion& drop) { dropped_questions.push_back(drop.question); }
  void carry_out(std::size_t peer, StoreRegistration& store) {
    if (overlay_takes) overlay[store.aor.name()][peer] = value_of(store.registration);
    peers[peer]->handle(now(), OverlayWritten{store.request, overlay_takes});
  }
  void carry_out(std::size_t peer, RemoveRegistration& remove) {
    if (overlay_takes) overlay[remove.aor.name()].erase(peer);
    peers[peer]->handle(now(), OverlayWritten{remove.request, overlay_takes});
  }
  void carry_out(std::size_t peer, AskOverlay& ask) {
    if (!answer_call) return;
    peers[peer]->handle(now(), OverlayAnswered{ask.room, ask.id, answer_call(peer, ask.call)});
    if (ask.room == Room::presence) tell(std::visit([](const auto& call) { return call.key; }, ask.call));
  }
  void carry_out(std::size_t peer, WatchOverlay& watch) {
    watched[{peer, watch.watch}] = watch.key;
    tell(watch.key);
  }
  void carry_out(std::size_t peer, EndOverlayWatch& end) { watched.erase({peer, end.watch}); }
  void carry_out(std::size_t, ShowSight& show) { shown.push_back(std::move(show)); }
  void carry_out(std::size_t peer, AskCertificates& ask) {
    if (no_certificates)
      peers[peer]->handle(now(), CertificatesAnswered{ask.room, ask.id, {}, no_certificates});
    else if (certificates_of)
      peers[peer]->handle(now(), CertificatesAnswered{ask.room, ask.id, certificates_of(ask.user_name), {}});
  }
  void carry_out(std::size_t, MessageSent& sent) { sent_messages.push_back(sent); }
  void carry_out(std::size_t, MailboxRead& read) { read_mailboxes.push_back(std::move(read)); }
  void carry_out(std::size_t peer, KeepCall& keep) {
    std::erase_if(kept_calls, [&](const auto& each) {
      return each.first == peer && each.second.number == keep.record.number;
    });
    kept_calls.emplace_back(peer, std::move(keep.record));
  }
  void carry_out(std::size_t, ForgetCall&) {}
  void carry_out(std::size_t peer, KeepBindings& keep) {
    kept_bindings[peer][keep.aor] = std::move(keep.octets);
  }
  void carry_out(std::size_t peer, ForgetBindings& forget) { kept_bindings[peer].erase(forget.aor); }
  void carry_out(std::size_t, Log&) {}

  std::vector<std::function<std::unique_ptr<Element>(std::vector<CallRecord>)>> begin_peer;
  MonoTime at{1000};
  std::uint64_t last_flow = 0, last_branch = 0;
  std::map<FlowId, Phone*> phone_of;
  std::map<std::pair<std::size_t, FlowId>, std::pair<std::size_t, FlowId>> peer_link;
};

}  // namespace ringway::sip::element::test
