#include "sip-usage/peers/peer_connections.hpp"

#include <algorithm>

namespace ringway::sip::peers {

namespace {

bool has(const Arrived& arrived, const NodeId& node) {
  return std::find(arrived.nodes.begin(), arrived.nodes.end(), node) != arrived.nodes.end();
}

std::string reason_of(const routing::RequestFailure& failure) {
  if (failure.local && !failure.info.empty()) return std::string(text_of(failure.info));
  return "the AppAttach was answered with error " + std::to_string(static_cast<unsigned>(failure.code));
}

}  // namespace

// ---- what the element wants

void PeerConnections::open(MonoTime now, element::OpenPeer wish) {
  if (opens_.size() >= k_max_opens) {
    ++counters_.open_failed;
    outputs_.emplace_back(element::OpenFailed{wish.open, "too many connections are being opened"});
    return;
  }
  Open open{wish.open, std::nullopt, false, now + k_open_time};
  if (!wish.destinations.empty())
    if (const auto* last = std::get_if<wire::NodeDestination>(&wish.destinations.back()))
      open.node = last->node;
  const std::uint64_t token = ++last_token_;
  opens_.emplace(token, open);
  outputs_.emplace_back(routing::SendAppAttach{token, wish.application, std::move(wish.destinations)});
}

void PeerConnections::fail(Opens::iterator open, std::string reason) {
  ++counters_.open_failed;
  outputs_.emplace_back(element::OpenFailed{open->second.open, std::move(reason)});
  opens_.erase(open);
}

// ---- what routing tells

void PeerConnections::on_event(MonoTime now, routing::ApplicationEvent event) {
  std::visit([&](auto& one) { on(now, one); }, event);
}

void PeerConnections::on(MonoTime now, routing::AppAttachDone& done) {
  const auto open = opens_.find(done.token);
  if (open == opens_.end()) return;
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    fail(open, reason_of(*failure));
  } else {
    open->second.node = std::get<routing::AppAttachAccepted>(done.outcome).node;
    open->second.is_answered = true;
  }
  look_at_unknown(now);
}

// A node with many connections has lost track of them, or means to take them all.
void PeerConnections::on(MonoTime, routing::AppConnect& asked) {
  if (flows_of(asked.node) >= k_max_flows_per_node) {
    ++counters_.refused_asked;
    outputs_.emplace_back(routing::AppConnectEnded{asked.application, asked.node});
    return;
  }
  outputs_.emplace_back(Connect{asked.application, asked.node, std::move(asked.addresses)});
}

std::size_t PeerConnections::flows_of(const NodeId& node) const {
  const auto is_its = [&](const auto& one) { return one.second == node; };
  const auto is_being_made = [&](const auto& one) { return one.second.second == node; };
  return static_cast<std::size_t>(std::count_if(up_.begin(), up_.end(), is_its) +
                                  std::count_if(connecting_.begin(), connecting_.end(), is_being_made));
}

void PeerConnections::connecting(const Connect& wish, std::optional<FlowId> flow) {
  if (flow) {
    connecting_.emplace(*flow, std::make_pair(wish.application, wish.node));
    return;
  }
  ++counters_.refused_asked;
  outputs_.emplace_back(routing::AppConnectEnded{wish.application, wish.node});
}

// ---- what the sockets tell

void PeerConnections::on_up(MonoTime now, Arrived arrived) {
  if (arrived.opened_here) {
    const auto made = connecting_.extract(arrived.flow);
    if (made.empty()) return refuse(arrived.flow);
    const auto& [application, node] = made.mapped();
    outputs_.emplace_back(routing::AppConnectEnded{application, node});
    ++counters_.accepted;
    return greet(now, std::move(arrived), node);
  }
  if (const auto node = why_it_comes(arrived)) return greet(now, std::move(arrived), *node);
  if (!may_be_asked_for() || unknown_.size() >= k_max_unknown) return refuse(arrived.flow);
  const FlowId flow = arrived.flow;
  unknown_.emplace(flow, Unknown{std::move(arrived), now + k_unknown_time, {}});
}

// The node that was asked to connect, and is this one (SIP-17).
std::optional<NodeId> PeerConnections::why_it_comes(const Arrived& arrived) {
  for (const auto& [token, open] : opens_)
    if (open.node && has(arrived, *open.node)) return open.node;
  const auto expected = std::find_if(expected_.begin(), expected_.end(),
                                     [&](const Expected& one) { return has(arrived, one.node); });
  if (expected == expected_.end()) return std::nullopt;
  const NodeId node = expected->node;
  expected_.erase(expected);
  return node;
}

// Somebody has been asked of whom only the answer will tell the Node-ID.
bool PeerConnections::may_be_asked_for() const {
  return std::any_of(opens_.begin(), opens_.end(), [](const auto& one) { return !one.second.node; });
}

// It is used for all that wait for that node. Each of them has asked for a connection of its own: those of
// the others may come as well, and its own when this is one that the node itself has asked for.
void PeerConnections::greet(MonoTime now, Arrived arrived, const NodeId& node) {
  const FlowId flow = arrived.flow;
  up_.emplace(flow, node);
  element::PeerUp up{flow, node, std::nullopt, std::move(arrived.users)};
  std::vector<OpenId> others;
  for (auto open = opens_.begin(); open != opens_.end();) {
    if (open->second.node != node) {
      ++open;
      continue;
    }
    ++counters_.opened;
    if (!open->second.is_answered) outputs_.emplace_back(routing::DropAppAttach{open->first});
    if ((up.opened || arrived.opened_here) && expected_.size() < k_max_expected)
      expected_.push_back({node, now + k_open_time});
    if (!up.opened)
      up.opened = open->second.open;
    else
      others.push_back(open->second.open);
    open = opens_.erase(open);
  }
  outputs_.emplace_back(std::move(up));
  for (const OpenId open : others) outputs_.emplace_back(element::Opened{open, flow});
}

void PeerConnections::refuse(FlowId flow) {
  ++counters_.uninvited;
  outputs_.emplace_back(Close{flow, "nobody here has asked for it"});
}

void PeerConnections::look_at_unknown(MonoTime now) {
  const bool may_be = may_be_asked_for();
  for (auto one = unknown_.begin(); one != unknown_.end();) {
    const auto node = why_it_comes(one->second.arrived);
    if (!node && may_be && now < one->second.deadline) {
      ++one;
      continue;
    }
    auto received = std::move(one->second.received);
    if (node)
      greet(now, std::move(one->second.arrived), *node);
    else
      refuse(one->first);
    if (node)
      for (auto& piece : received) outputs_.emplace_back(std::move(piece));
    one = unknown_.erase(one);
  }
}

void PeerConnections::on_received(element::Received received) {
  if (const auto waiting = unknown_.find(received.flow); waiting != unknown_.end())
    waiting->second.received.push_back(std::move(received));
  else if (up_.contains(received.flow))
    outputs_.emplace_back(std::move(received));
}

void PeerConnections::on_drained(FlowId flow) {
  if (up_.contains(flow)) outputs_.emplace_back(element::Drained{flow});
}

void PeerConnections::on_down(FlowId flow, const std::string& reason) {
  unknown_.erase(flow);
  if (const auto made = connecting_.extract(flow); !made.empty())
    outputs_.emplace_back(routing::AppConnectEnded{made.mapped().first, made.mapped().second});
  if (up_.erase(flow) > 0) outputs_.emplace_back(element::FlowDown{flow, reason});
}

// ---- time

void PeerConnections::on_timer(MonoTime now) {
  for (auto open = opens_.begin(); open != opens_.end();) {
    const auto next = std::next(open);
    if (open->second.deadline <= now) {
      if (!open->second.is_answered) outputs_.emplace_back(routing::DropAppAttach{open->first});
      fail(open, "no connection has come");
    }
    open = next;
  }
  std::erase_if(expected_, [&](const Expected& one) { return one.deadline <= now; });
  look_at_unknown(now);
}

Deadline PeerConnections::next_wake() const {
  Deadline soonest;
  // Tokens count up, so the first wish was the first to come.
  if (!opens_.empty()) soonest = sooner(soonest, opens_.begin()->second.deadline);
  if (!expected_.empty()) soonest = sooner(soonest, expected_.front().deadline);
  for (const auto& [flow, one] : unknown_) soonest = sooner(soonest, one.deadline);
  return soonest;
}

TableSizes PeerConnections::tables() const {
  return {{"peers that are asked to connect", opens_.size(), k_max_opens},
          {"connections of peers that may still come", expected_.size(), k_max_expected},
          {"connections of peers of whom nothing is known yet", unknown_.size(), k_max_unknown}};
}

}  // namespace ringway::sip::peers
