#include "tests/reload/routing/routing_net.hpp"

#include <algorithm>

namespace ringway::routing::test {

std::optional<OwnRequest> own_request(const Bytes& header, const SharedBytes& payload) {
  Bytes whole = header;
  append(whole, payload);
  const auto message = wire::decode_message(SharedBytes(std::move(whole)));
  if (!message || !message->header.via_list.empty() || wire::is_answer(message->contents.code))
    return std::nullopt;
  return OwnRequest{message->contents.code, message->header.destination_list, message->contents.body};
}

RoutingNet::RoutingNet(std::function<void(config::Configuration&)> configure) {
  auto configuration = std::make_shared<config::Configuration>();
  configuration->instance_name = authority_.overlay_name();
  configuration->sequence = 7;
  configuration->root_certificates_der = {authority_.root_der()};
  configuration->no_ice = true;
  configuration->max_message_size_bytes = 65536;
  if (configure) configure(*configuration);
  configuration_ = configuration;
  kinds_ = std::make_shared<const config::Kinds>(configuration->kinds);
  inspector_ = std::make_unique<security::Inspector>(security::InspectionContext{authority_.trust(), kinds_});
}

std::size_t RoutingNet::add(const NodeId& id, std::function<void(RoutingSettings&)> adjust) {
  const std::size_t index = nodes_.size();
  auto node = std::make_unique<Node>();
  node->id = id;
  node->signer = authority_.issue("user" + std::to_string(index) + "@example.org", id);
  node->address.type = wire::AddressType::ipv4;
  node->address.address = {10, 0, static_cast<std::uint8_t>(index >> 8), static_cast<std::uint8_t>(index)};
  node->address.port = 6084;
  RoutingSettings settings;
  settings.own_addresses = {node->address};
  settings.first_peer = index == 0;
  if (index > 0) settings.bootstrap = {nodes_.front()->address};
  if (adjust) adjust(settings);
  node->routing = std::make_unique<RoutingComponent>(settings, configuration_, node->signer,
                                                     std::make_shared<CountingRandom>(index + 1));
  nodes_.push_back(std::move(node));
  Outputs outputs;
  nodes_.back()->routing->start(now_, outputs);
  perform(index, outputs);
  return index;
}

void RoutingNet::input(std::size_t to, Input input) { queue_.emplace_back(to, std::move(input)); }

void RoutingNet::perform(std::size_t index, Outputs& outputs) {
  Node& node = *nodes_[index];
  for (Output& output : outputs) {
    if (auto* transmit = std::get_if<Transmit>(&output)) {
      const auto found = links_.find(transmit->link.number);
      if (found == links_.end()) continue;
      const End other = found->second.second;
      if (tap && !tap(node.id, nodes_[other.node]->id, transmit->header, transmit->payload)) continue;
      Bytes whole = transmit->header;
      append(whole, transmit->payload);
      input(other.node, LinkMessage{other.link, SharedBytes(std::move(whole))});
    } else if (auto* open = std::get_if<OpenLink>(&output)) {
      const auto target = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) {
        return n->alive && !open->addresses.empty() && n->address == open->addresses.front();
      });
      if (target == nodes_.end() || (open->expected && *open->expected != (*target)->id)) {
        input(index, LinkDown{LinkId{}, open->attempt, "refused"});
        continue;
      }
      const auto other = static_cast<std::size_t>(target - nodes_.begin());
      const LinkId mine{next_link_++};
      const LinkId theirs{next_link_++};
      links_[mine.number] = {{index, mine}, {other, theirs}};
      links_[theirs.number] = {{other, theirs}, {index, mine}};
      input(other, LinkUp{theirs, 0, node.signer->certificate(), node.address, open->application});
      input(index, LinkUp{mine, open->attempt, (*target)->signer->certificate(), (*target)->address,
                          open->application});
    } else if (auto* close = std::get_if<CloseLink>(&output)) {
      const auto found = links_.find(close->link.number);
      if (found == links_.end()) continue;
      const End other = found->second.second;
      links_.erase(other.link.number);
      links_.erase(close->link.number);
      input(index, LinkDown{close->link, 0, close->reason});
      input(other.node, LinkDown{other.link, 0, close->reason});
    } else if (auto* inspect = std::get_if<Inspect>(&output)) {
      auto verdict = std::make_shared<Result<security::InspectedMessage>>(inspector_->inspect(
          now_.wall_ms, std::move(inspect->header), inspect->bytes, inspect->fetch_resource));
      input(index, Inspected{inspect->ticket, std::move(verdict)});
    } else if (auto* deliver = std::get_if<DeliverRequest>(&output)) {
      node.delivered.push_back(*deliver);
      // Each request is an odd number, its answer the next one (RFC 6940 §14.8); what is inside matters to
      // nobody.
      const auto code = static_cast<std::uint16_t>(deliver->message->message.contents.code);
      input(index, SendAnswer{deliver->request, static_cast<wire::MessageCode>(code + 1), {}, {}});
    } else if (auto* done = std::get_if<RequestDone>(&output)) {
      node.done.push_back(std::move(*done));
    } else if (auto* channel_up = std::get_if<ChannelUp>(&output)) {
      node.channels.push_back("up " + channel_up->node.hex().substr(0, 2));
    } else if (auto* channel_down = std::get_if<ChannelDown>(&output)) {
      node.channels.push_back("down " + channel_down->node.hex().substr(0, 2) + ": " + channel_down->reason);
    } else if (auto* message = std::get_if<ChannelMessage>(&output)) {
      node.channels.push_back(message->node.hex().substr(0, 2) + " says " +
                              std::string(text_of(message->message)));
    } else if (auto* hand_over = std::get_if<HandOver>(&output)) {
      node.hand_overs.push_back(*hand_over);
      if (!node.hand_over_holds)
        input(index, HandOverReport{hand_over->number, HandOverReport::State::complete});
    } else if (std::get_if<Drain>(&output) != nullptr) {
      input(index, Drained{});
    } else if (std::get_if<Left>(&output) != nullptr) {
      node.left = true;
    }
  }
}

void RoutingNet::deliver_pending() {
  while (!queue_.empty()) {
    auto [to, input] = std::move(queue_.front());
    queue_.pop_front();
    if (!nodes_[to]->alive) continue;
    Outputs outputs;
    nodes_[to]->routing->handle(now_, std::move(input), outputs);
    perform(to, outputs);
  }
}

std::optional<MonoTime> RoutingNet::next_timer() const {
  std::optional<MonoTime> soonest;
  for (const auto& node : nodes_) {
    if (!node->alive) continue;
    const auto at = node->routing->next_deadline();
    if (at && (!soonest || *at < *soonest)) soonest = at;
  }
  return soonest;
}

bool RoutingNet::run_until(const std::function<bool()>& condition, Duration limit) {
  const MonoTime end = now_.mono + limit;
  while (true) {
    deliver_pending();
    if (condition()) return true;
    const auto timer = next_timer();
    if (!timer || *timer > end) {
      now_.wall_ms += static_cast<WallMs>((end - now_.mono).count());
      now_.mono = end;
      return condition();
    }
    if (*timer > now_.mono) {
      now_.wall_ms += static_cast<WallMs>((*timer - now_.mono).count());
      now_.mono = *timer;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i]->alive) continue;
      Outputs outputs;
      nodes_[i]->routing->on_timer(now_, outputs);
      perform(i, outputs);
    }
  }
}

void RoutingNet::run(Duration limit) {
  run_until([] { return false; }, limit);
}

void RoutingNet::kill(std::size_t index) {
  nodes_[index]->alive = false;
  std::vector<std::uint64_t> own;
  for (const auto& [number, ends] : links_)
    if (ends.first.node == index) own.push_back(number);
  for (const auto number : own) {
    const End other = links_.at(number).second;
    links_.erase(other.link.number);
    links_.erase(number);
    input(other.node, LinkDown{other.link, 0, "reset"});
  }
}

void RoutingNet::leave(std::size_t index) {
  Outputs outputs;
  nodes_[index]->routing->leave(now_, outputs);
  perform(index, outputs);
}

bool RoutingNet::one_ring() {
  std::vector<NodeId> living;
  for (const auto& node : nodes_)
    if (node->alive && !node->left) living.push_back(node->id);
  for (const auto& node : nodes_) {
    if (!node->alive || node->left) continue;
    const auto view = node->routing->status().view;
    if (!view->joined) return false;
    if (view->successors != topology::nearest_clockwise(node->id, living, topology::k_neighbors_per_side))
      return false;
    if (view->predecessors !=
        topology::nearest_counter_clockwise(node->id, living, topology::k_neighbors_per_side))
      return false;
  }
  return true;
}

void RoutingNet::request(std::size_t from, wire::DestinationList destination, wire::MessageCode code,
                         Bytes body, std::uint64_t token) {
  SendRequest request;
  request.origin = Origin::storage;
  request.token = token;
  request.destination = std::move(destination);
  request.code = code;
  request.body = SharedBytes(std::move(body));
  input(from, std::move(request));
}

}  // namespace ringway::routing::test
