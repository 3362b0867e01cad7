#include "bench/phones/overlay/station.hpp"

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "bench/phones/script/phone_script.hpp"
#include "reload/config/kinds.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::bench {

namespace {

namespace element = sip::element;

constexpr std::uint16_t k_sip_port = 5060, k_tls_port = 5061;
constexpr element::FlowId k_phone{1};
constexpr std::int64_t k_step_max_us = sim::WorkloadSettings{}.step_max_us;
// TCP: there and back. TLS 1.3: there and back, then the client speaks, and the server hears it one way
// later.
constexpr int k_ways_until_client_is_up = 4;

std::string user_name_of(const sim::SimPeer& peer) { return peer.certificate()->user_name(); }

element::Settings settings_of(const NodeId& node, const std::string& overlay) {
  const wire::DestinationList route = {wire::to_node(node)};
  element::Settings out;
  out.proxy.own_addresses = {{"127.0.0.1", k_sip_port}};
  out.proxy.domains = {overlay};
  out.proxy.overlay_gr = *sip::write_gr(route);
  out.proxy.overlay_here = {"TLS", overlay, std::nullopt};
  out.proxy.outside_here = {"UDP", "127.0.0.1", k_sip_port};
  out.registrar.overlay_name = overlay;
  out.registrar.route = route;
  out.registrar.trusts_loopback = true;
  out.lookup.overlay_name = overlay;
  return out;
}

}  // namespace

// ---- all of them

Station& Stations::at(sim::PeerNumber peer) {
  auto& place = by_peer[peer];
  if (!place) {
    place = std::make_unique<Station>(*this, peer);
    by_node[simulation.peer(peer).node_id()] = place.get();
  }
  return *place;
}

std::int64_t Stations::one_way_us() {
  const auto& network = simulation.network().settings();
  return random.between(network.delay_min_us, network.delay_max_us);
}

// ---- one

Station::Station(Stations& all, sim::PeerNumber peer)
    : all_(all), peer_(peer), user_([&] {
        const auto name = user_name_of(all.simulation.peer(peer));
        return name.substr(0, name.find('@'));
      }()) {
  const auto& overlay = all_.simulation.configuration()->instance_name;
  std::vector<sip::registrar::Account> accounts;
  accounts.push_back({*sip::Aor::of_user_name(user_name_of(own_peer())), user_, {}});
  element_ = std::make_unique<element::Element>(
      settings_of(own_peer().node_id(), overlay), std::move(accounts),
      std::make_shared<sim::SeededRandom>(all_.simulation.seed(), "element", peer));
  auto at = own_peer().address();
  at.port = k_tls_port;
  own_peer().serve_applications([this](routing::ApplicationEvent event) { on_routing(std::move(event)); });
  own_peer().to_routing(routing::ServeApplication{sip::peers::k_sip_application, {at}});
  handle(element::FlowUp{
      k_phone, "UDP", {"127.0.0.1", k_sip_port}, {"127.0.0.1", 4000}, "127.0.0.1", true, std::nullopt});
}

std::int64_t Station::now_us() const { return all_.simulation.clock().now_us(); }
MonoTime Station::now() const { return all_.simulation.now().mono; }
sim::SimPeer& Station::own_peer() const { return all_.simulation.peer(peer_); }

void Station::enqueue(std::function<void()> event) {
  queue_.push_back(std::move(event));
  all_.simulation.clock().after_us(all_.random.between(0, k_step_max_us), [this] {
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    next();
    end_turn();
  });
}

void Station::handle(Input input) {
  enqueue([this, input = std::make_shared<Input>(std::move(input))] {
    element_->handle(all_.simulation.now(), std::move(*input));
  });
}

void Station::end_turn() {
  do {
    for (auto& output : element_->take_outputs()) std::visit([this](auto& each) { perform(each); }, output);
  } while (settle());
  want_timer();
}

void Station::want_timer() {
  const Deadline wake = sooner(element_->next_wake(), connections_.next_wake());
  if (!wake || (timer_ && *timer_ <= *wake)) return;
  timer_ = wake;
  all_.simulation.clock().at(*wake, [this, wake] {
    if (!timer_ || (*timer_).ms != (*wake).ms) return;  // an earlier one was set after this
    timer_.reset();
    connections_.on_timer(now());
    element_->on_timer(all_.simulation.now());
    end_turn();
  });
}

void Station::phone_says(const std::string& octets) {
  handle(element::Received{k_phone, SharedBytes(copy_of(view_of(octets))), 0});
}

// ---- connections with other peers

void Station::on_routing(routing::ApplicationEvent event) {
  enqueue([this, event = std::make_shared<routing::ApplicationEvent>(std::move(event))] {
    connections_.on_event(now(), std::move(*event));
  });
}

bool Station::settle() {
  bool had_some = false;
  for (auto outputs = connections_.take_outputs(); !outputs.empty(); outputs = connections_.take_outputs()) {
    had_some = true;
    for (auto& output : outputs)
      std::visit(
          [this](auto& one) {
            if constexpr (std::is_constructible_v<routing::Input, std::decay_t<decltype(one)>>)
              own_peer().to_routing(std::move(one));
            else
              carry_out(one);
          },
          output);
  }
  return had_some;
}

void Station::carry_out(Input& input) {
  if (std::holds_alternative<element::PeerUp>(input)) times_.up_us = now_us();
  if (const auto* failed = std::get_if<element::OpenFailed>(&input))
    throw std::runtime_error("no connection between two peers: " + failed->reason);
  element_->handle(all_.simulation.now(), std::move(input));
}

void Station::carry_out(const sip::peers::Connect& wish) {
  const auto other = all_.by_node.find(wish.node);
  if (other == all_.by_node.end()) throw std::runtime_error("a peer without a station asks for a connection");
  const FlowId here{++all_.last_flow};
  connections_.connecting(wish, here);
  connect(*other->second, here);
}

// This end is the client: up after the handshakes, the other one when it hears the last of them.
void Station::connect(Station& other, FlowId here) {
  const FlowId there{++all_.last_flow};
  std::int64_t until_up_us = 0;
  for (int way = 0; way < k_ways_until_client_is_up; ++way) until_up_us += all_.one_way_us();
  const auto arrived = [](Station& at, FlowId flow, Station& from, FlowId far, bool opened_here) {
    at.far_[flow] = {&from, far, 0};
    at.enqueue([&at, &from, flow, opened_here] {
      at.connections_.on_up(
          at.now(), {flow, {from.own_peer().node_id()}, {user_name_of(from.own_peer())}, opened_here});
    });
  };
  auto& clock = all_.simulation.clock();
  clock.after_us(until_up_us, [=, this, &other] { arrived(*this, here, other, there, true); });
  clock.after_us(until_up_us + all_.one_way_us(),
                 [=, this, &other] { arrived(other, there, *this, here, false); });
}

void Station::arrive(FlowId flow, const SharedBytes& octets) {
  enqueue([this, flow, octets] { connections_.on_received({flow, octets, 0}); });
}

// ---- what the element wants

void Station::perform(element::Send& send) {
  if (send.flow == k_phone) {
    const std::string text(text_of(send.octets));
    if (phone_hears && status_of(text) != "100") phone_hears(text);
    return;
  }
  const auto found = far_.find(send.flow);
  if (found == far_.end()) return;
  Far& far = found->second;
  far.last_arrival_us = std::max(far.last_arrival_us, now_us() + all_.one_way_us());
  all_.simulation.clock().at_us(far.last_arrival_us, [to = far.station, flow = far.flow,
                                                      octets = send.octets] { to->arrive(flow, octets); });
}

void Station::perform(element::OpenPeer& open) {
  times_.open_us = now_us();
  connections_.open(now(), std::move(open));
}

void Station::submit(data::Call call, std::function<Input(const data::CallResult&)> answer) {
  own_peer().submit({std::move(call)},
                    [this, answer = std::move(answer)](const std::vector<data::CallResult>& results) {
                      if (const auto* failure = std::get_if<data::CallFailure>(&results.front()))
                        throw std::runtime_error("the overlay has failed: " + failure->message);
                      handle(answer(results.front()));
                    });
}

void Station::perform(element::FetchFromOverlay& fetch) {
  data::GetCall get;
  get.key = fetch.aor.name();
  get.kind = config::k_sip_registration;
  times_.fetch_us = now_us();
  submit(std::move(get), [this, question = fetch.question](const data::CallResult& result) {
    times_.fetched_us = now_us();
    element::RegistrationsFetched out{question, {}};
    if (const auto* got = std::get_if<data::GetResult>(&result))
      for (const auto& entry : got->entries)
        out.found.push_back({entry.writer_node, entry.value, entry.lifetime_s});
    return out;
  });
}

void Station::perform(element::StoreRegistration& store) {
  data::PutCall put;
  put.key = store.aor.name();
  put.kind = config::k_sip_registration;
  put.value = wire::encode(store.registration);
  put.lifetime_s = store.lifetime_s;
  submit(std::move(put), [request = store.request](const data::CallResult&) {
    return element::OverlayWritten{request, true};
  });
}

}  // namespace ringway::bench
