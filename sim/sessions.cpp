#include "sim/sessions.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ringway::sim {

namespace {

// So often it is looked who has joined or gone, besides whenever somebody asks.
constexpr Duration k_look_every{100};

RingId point_of(const Simulation& simulation, PeerNumber peer) { return simulation.peer(peer).node_id(); }

}  // namespace

Sessions::Sessions(Simulation& simulation, SessionsSettings settings)
    : simulation_(simulation), settings_(settings), random_(settings.seed, "sessions") {
  for (const PeerNumber peer : simulation_.living()) {
    ring_[point_of(simulation_, peer)] = {peer};
    draw_session(peer);
  }
}

void Sessions::draw_session(PeerNumber peer) {
  if (peer < settings_.permanent) return;
  // 1 - u is never zero.
  const double u = static_cast<double>(random_.next() >> 11U) * 0x1.0p-53;
  const double lasts_ms = -std::log(1 - u) * static_cast<double>(settings_.mean.count());
  ends_.emplace(simulation_.now().mono.ms + static_cast<std::int64_t>(lasts_ms), peer);
}

void Sessions::run_for(Duration time) {
  const std::int64_t until_ms = simulation_.now().mono.ms + time.count();
  while (simulation_.now().mono.ms < until_ms) {
    const std::int64_t now_ms = simulation_.now().mono.ms;
    while (!stopped_ && !ends_.empty() && ends_.top().first <= now_ms) {
      const PeerNumber peer = ends_.top().second;
      ends_.pop();
      end(peer);
      start_new();
    }
    simulation_.run_for(Duration{std::min(until_ms - now_ms, k_look_every.count())});
    look_who_is_in();
  }
}

void Sessions::end(PeerNumber peer) {
  const bool joined = joining_.erase(peer) == 0;
  if (!joined) ++counts_.ended_before_joined;
  if (!joined || random_.chance(settings_.silent)) {
    if (joined) ++counts_.fell_silent;
    ring_.erase(point_of(simulation_, peer));
    simulation_.crash(peer, Disk::lost);
    return;
  }
  ++counts_.left;
  ring_.at(point_of(simulation_, peer)).leaving = true;
  simulation_.leave(peer);
}

void Sessions::start_new() {
  const PeerNumber bootstrap = anyone();
  const PeerNumber peer = simulation_.add_peer();
  simulation_.start(peer, false, bootstrap);
  joining_[peer] = simulation_.now().mono.ms;
  draw_session(peer);
}

void Sessions::look_who_is_in() {
  std::erase_if(joining_, [this](const auto& one) {
    const auto& [peer, since_ms] = one;
    if (simulation_.peer(peer).status().phase != "joined") return false;
    ring_[point_of(simulation_, peer)] = {peer};
    ++counts_.joined;
    counts_.join_took_ms.push_back(simulation_.now().mono.ms - since_ms);
    return true;
  });
  std::erase_if(ring_, [this](const auto& one) {
    return one.second.leaving && !simulation_.peer(one.second.number).alive();
  });
}

PeerNumber Sessions::anyone() {
  for (;;) {
    RingId point;
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random_.below(256));
    auto at = ring_.lower_bound(point);
    if (at == ring_.end()) at = ring_.begin();
    if (!at->second.leaving) return at->second.number;
  }
}

std::vector<NodeId> Sessions::owners(const RingId& point) {
  look_who_is_in();
  std::vector<NodeId> owners;
  auto at = ring_.lower_bound(point);
  for (std::size_t passed = 0; passed < ring_.size(); ++passed, ++at) {
    if (at == ring_.end()) at = ring_.begin();
    owners.push_back(simulation_.peer(at->second.number).node_id());
    if (!at->second.leaving) break;
  }
  return owners;
}

bool Sessions::has(PeerNumber peer) const {
  const auto at = ring_.find(point_of(simulation_, peer));
  return at != ring_.end() && !at->second.leaving && at->second.number == peer;
}

}  // namespace ringway::sim
