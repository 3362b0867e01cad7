#include "bench/phones/element/element_pair.hpp"

#include <algorithm>
#include <stdexcept>

#include "bench/phones/element/stopwatch.hpp"
#include "bench/phones/script/phone_script.hpp"
#include "reload/config/kinds.hpp"
#include "sim/seeded_random.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::bench {

namespace {

namespace element = sip::element;
using element::FlowId;

constexpr std::uint16_t k_sip_port = 5060;

NodeId node_of(std::size_t peer) { return test::node_id(static_cast<std::uint8_t>(0x11 + peer)); }
std::string host_of(std::size_t peer) { return "192.0.2." + std::to_string(peer + 1); }
FlowId phone_flow(std::size_t peer) { return FlowId{peer + 1}; }
std::string name_of(std::size_t peer) {
  return ElementPair::user_of(static_cast<ElementPair::Side>(peer)) + '@' + ElementPair::k_domain;
}

element::Settings settings_of(std::size_t peer, bool trusts_phones) {
  const wire::DestinationList route = {wire::to_node(node_of(peer))};
  element::Settings out;
  out.proxy.own_addresses = {{host_of(peer), k_sip_port}};
  out.proxy.domains = {ElementPair::k_domain};
  out.proxy.overlay_gr = *sip::write_gr(route);
  out.proxy.overlay_here = {"TLS", ElementPair::k_domain, std::nullopt};
  out.proxy.outside_here = {"UDP", host_of(peer), k_sip_port};
  out.registrar.overlay_name = ElementPair::k_domain;
  out.registrar.route = route;
  out.registrar.trusts_loopback = trusts_phones;
  out.lookup.overlay_name = ElementPair::k_domain;
  return out;
}

std::vector<sip::registrar::Account> accounts_of(std::size_t peer) {
  using namespace sip::registrar;
  const auto user = ElementPair::user_of(static_cast<ElementPair::Side>(peer));
  std::vector<Account> out;
  out.push_back({*sip::Aor::of_user_name(name_of(peer)), user, {}});
  for (const Algorithm each : {Algorithm::md5, Algorithm::sha256})
    out.back().keys.push_back(Ha1::of_password(each, user, ElementPair::k_domain, user + "-secret"));
  return out;
}

Bytes value_of(const sip::SipRegistration& registration) {
  wire::Writer out;
  write(out, registration);
  return out.take();
}

bool is_done(const data::CallResult& result) { return !std::holds_alternative<data::CallFailure>(result); }

}  // namespace

std::string ElementPair::phone_address(Side side) {
  return "10.0.0." + std::to_string(side + 1) + k_phones_port;
}

ElementPair::ElementPair(bool trusts_phones) : overlay_(name_of(callee), node_of(callee)) {
  for (std::size_t peer = 0; peer < peers_.size(); ++peer) {
    peers_[peer] =
        std::make_unique<element::Element>(settings_of(peer, trusts_phones), accounts_of(peer),
                                           std::make_shared<sim::SeededRandom>(1, "element", peer));
    const std::string phone = "10.0.0." + std::to_string(peer + 1);
    into(peer, element::FlowUp{phone_flow(peer),
                               "UDP",
                               {host_of(peer), k_sip_port},
                               {phone, 4000},
                               phone,
                               trusts_phones,
                               std::nullopt});
  }
}

Now ElementPair::now() const { return {{at_ms_}, test::k_now_ms + static_cast<WallMs>(at_ms_)}; }

void ElementPair::say(Side phone, const std::string& octets) {
  const SharedBytes bytes(copy_of(view_of(octets)));
  keep(bytes, false, true);
  into(phone, element::Received{phone_flow(phone), bytes, 0});
  pump();
}

std::vector<std::string> ElementPair::take_heard(Side phone) { return std::exchange(heard_[phone], {}); }

void ElementPair::pass(Duration time) {
  at_ms_ += time.count();
  for (auto& peer : peers_) {
    const Stopwatch watch(element_ns_);
    if (const auto wake = peer->next_wake(); wake && *wake <= now().mono) peer->on_timer(now());
  }
  pump();
}

void ElementPair::into(std::size_t peer, element::Input input) {
  const Stopwatch watch(element_ns_);
  peers_[peer]->handle(now(), std::move(input));
}

void ElementPair::pump() {
  for (bool is_quiet = false; !is_quiet;) {
    is_quiet = true;
    for (std::size_t peer = 0; peer < peers_.size(); ++peer)
      for (auto& output : peers_[peer]->take_outputs()) {
        is_quiet = false;
        std::visit([&](auto& each) { carry_out(peer, each); }, output);
      }
  }
}

void ElementPair::keep(const SharedBytes& octets, bool is_stream, bool came_in) {
  if (is_recording_) pieces_.push_back({octets, is_stream, came_in});
}

void ElementPair::carry_out(std::size_t peer, element::Send& send) {
  const auto link = links_.find({peer, send.flow});
  keep(send.octets, link != links_.end(), false);
  if (link != links_.end()) {
    keep(send.octets, true, true);
    const auto [other, flow] = link->second;
    return into(other, element::Received{flow, send.octets, 0});
  }
  std::string text(text_of(send.octets));
  if (status_of(text) != "100") heard_[peer].push_back(std::move(text));
}

void ElementPair::carry_out(std::size_t peer, element::OpenPeer& open) {
  const std::size_t other = 1 - peer;
  if (open.destinations.back() != wire::to_node(node_of(other)))
    throw std::runtime_error("a call goes to another peer");
  const FlowId here{++last_flow_}, there{++last_flow_};
  links_[{peer, here}] = {other, there};
  links_[{other, there}] = {peer, here};
  into(other, element::PeerUp{there, node_of(peer), std::nullopt, {name_of(peer)}});
  into(peer, element::PeerUp{here, node_of(other), open.open, {name_of(other)}});
}

void ElementPair::carry_out(std::size_t peer, element::FetchFromOverlay& fetch) {
  data::GetCall get;
  get.key = fetch.aor.name();
  get.kind = config::k_sip_registration;
  const auto result = overlay_.call(now(), std::move(get));
  element::RegistrationsFetched answer{fetch.question, {}};
  if (const auto* got = std::get_if<data::GetResult>(&result))
    for (const auto& entry : got->entries)
      answer.found.push_back({entry.writer_node, entry.value, entry.lifetime_s});
  into(peer, std::move(answer));
}

void ElementPair::carry_out(std::size_t peer, element::StoreRegistration& store) {
  data::PutCall put;
  put.key = store.aor.name();
  put.kind = config::k_sip_registration;
  put.value = value_of(store.registration);
  put.lifetime_s = store.lifetime_s;
  into(peer, element::OverlayWritten{store.request, is_done(overlay_.call(now(), std::move(put)))});
}

void ElementPair::carry_out(std::size_t peer, element::RemoveRegistration& remove) {
  data::RemoveCall gone;
  gone.key = remove.aor.name();
  gone.kind = config::k_sip_registration;
  into(peer, element::OverlayWritten{remove.request, is_done(overlay_.call(now(), std::move(gone)))});
}

}  // namespace ringway::bench
