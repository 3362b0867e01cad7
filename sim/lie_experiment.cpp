#include "sim/lie_experiment.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "reload/config/configuration.hpp"

namespace ringway::sim {

namespace {

constexpr std::size_t k_joining_at_once = 8;
constexpr Duration k_between_joins{2'000};
constexpr std::size_t k_lookups_at_once = 20;
constexpr Duration k_lookup_limit{60'000};

Bytes bytes_of(const std::string& text) { return copy_of(view_of(text)); }

}  // namespace

LieExperiment::LieExperiment(const LieExperimentSettings& settings)
    : settings_(settings), random_(settings.seed, "lie experiment") {
  SimulationSettings world;
  world.seed = settings.seed;
  world.cryptography = settings.cryptography;
  world.configure = [&](config::Configuration& document) { document.replicas = settings.replicas; };
  simulation_ = std::make_unique<Simulation>(world);
  liars_ = std::make_unique<Liars>(*simulation_);
  for (std::size_t i = 0; i < settings.peers; ++i) {
    const PeerNumber peer = simulation_->add_peer();
    simulation_->start(peer, peer == 0);
    if (i % k_joining_at_once == 0) simulation_->run_for(k_between_joins);
  }
  for (int waits = 0; !simulation_->is_one_ring(settings.replicas + 1); ++waits) {
    if (waits == 120) throw std::runtime_error("no ring: " + simulation_->ring_fault());
    simulation_->run_for(k_between_joins);
  }
  for (std::size_t i = 0; i < settings.values; ++i) {
    const PeerNumber writer = random_.below(settings.peers);
    keys_["user" + std::to_string(writer) + "@example.org/value-" + std::to_string(i)] = writer;
  }
  put_all("first");
}

void LieExperiment::put_all(const std::string& value) {
  newest_ = value;
  for (const auto& [key, writer] : keys_) {
    data::PutCall call;
    call.key = key;
    call.value = bytes_of(value);
    const auto result = simulation_->call(writer, call);
    if (!std::holds_alternative<data::PutResult>(result))
      throw std::runtime_error("not put: " + std::get<data::CallFailure>(result).message);
  }
}

void LieExperiment::let_lie(double share) {
  liars_->all_honest();
  auto peers = simulation_->living();
  const auto count = static_cast<std::size_t>(share * static_cast<double>(peers.size()) + 0.5);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(peers[i], peers[i + random_.below(peers.size() - i)]);
    liars_->add(peers[i], static_cast<Lie>(i % k_kinds_of_lies));
  }
  put_all("written in round " + std::to_string(++rounds_));
}

bool LieExperiment::honest_holder_of(const std::string& key) const {
  const auto ring = simulation_->living();
  const PeerNumber owner =
      simulation_->responsible_for(ring_id_from(resource_id_of(std::string_view(key)).view()));
  const auto at = static_cast<std::size_t>(std::find(ring.begin(), ring.end(), owner) - ring.begin());
  for (std::size_t i = 0; i <= settings_.replicas; ++i)
    if (!liars_->contains(ring[(at + i) % ring.size()])) return true;
  return false;
}

LookupCount LieExperiment::look_up(std::size_t count, data::Consistency consistency) {
  LookupCount counted;
  const auto peers = simulation_->living();
  const std::uint64_t messages_before = simulation_->network().counters().messages;
  std::int64_t sum_ms = 0;
  while (counted.total < count) {
    std::size_t waiting = 0;
    for (; waiting < k_lookups_at_once && counted.total < count; ++waiting, ++counted.total) {
      PeerNumber reader = peers[random_.below(peers.size())];
      while (liars_->contains(reader)) reader = peers[random_.below(peers.size())];
      const auto key = std::next(keys_.begin(), static_cast<std::ptrdiff_t>(random_.below(keys_.size())));
      if (honest_holder_of(key->first)) ++counted.possible;
      const MonoTime started = simulation_->now().mono;
      simulation_->peer(reader).submit(
          {data::GetCall{key->first, std::nullopt, consistency}},
          [&, started](std::vector<data::CallResult> results) {
            --waiting;
            sum_ms += (simulation_->now().mono - started).count();
            const auto* got = std::get_if<data::GetResult>(&results.front());
            const auto* failure = std::get_if<data::CallFailure>(&results.front());
            if (got != nullptr && got->entries.size() == 1 && got->entries[0].value == bytes_of(newest_)) {
              ++counted.ok;
            } else if (got != nullptr || failure->error == data::CallError::not_found) {
              ++counted.wrong;
            }
          });
    }
    if (!simulation_->run_until([&] { return waiting == 0; }, k_lookup_limit))
      throw std::runtime_error("a lookup has no end");
  }
  counted.mean_ms = static_cast<double>(sum_ms) / static_cast<double>(count);
  counted.mean_messages = static_cast<double>(simulation_->network().counters().messages - messages_before) /
                          static_cast<double>(count);
  return counted;
}

}  // namespace ringway::sim
