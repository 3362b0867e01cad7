#include "sim/scenario/watchers.hpp"

#include <algorithm>

#include "sim/check/watch_order.hpp"

namespace ringway::sim {

void Watchers::watch(PeerNumber peer, const std::string& key) {
  auto watcher = std::make_shared<Watcher>();
  watcher->peer = peer;
  watcher->process = simulation_.peer(peer).process();
  watcher->key = key;
  watchers_.push_back(watcher);
  data::WatchCall call;
  call.key = key;
  simulation_.peer(peer).watch(std::move(call), [watcher, told = told_](data::WatchResult result) {
    ++*told;
    if (auto* update = std::get_if<data::WatchUpdate>(&result))
      watcher->told(std::move(*update));
    else
      watcher->ended = std::get<data::CallFailure>(result).message;
  });
}

void Watchers::Watcher::told(data::WatchUpdate update) {
  if (known && !update.compacted && !disorder) disorder = order_fault(key, *known, update.state.entries);
  known = std::move(update.state.entries);
}

std::vector<Watchers::Fault> Watchers::disorder() const {
  std::vector<Fault> faults;
  for (const auto& watcher : watchers_)
    if (watcher->disorder)
      faults.push_back({watcher->peer, "the watcher of " + watcher->key + " " + *watcher->disorder});
  return faults;
}

bool Watchers::lives(const Watcher& watcher) const {
  const SimPeer& present = simulation_.peer(watcher.peer);
  return present.process() == watcher.process && present.alive();
}

std::size_t Watchers::watching() const {
  return static_cast<std::size_t>(std::count_if(watchers_.begin(), watchers_.end(),
                                                [this](const auto& watcher) { return lives(*watcher); }));
}

std::vector<Watchers::Fault> Watchers::faults(const Ledger& ledger) const {
  std::vector<Fault> faults;
  for (const auto& watcher : watchers_) {
    if (!lives(*watcher)) continue;
    const auto say = [&](const std::string& what) {
      faults.push_back({watcher->peer, "the watcher of " + watcher->key + " " + what});
    };
    if (!watcher->ended.empty())
      say("was given up: " + watcher->ended);
    else if (!watcher->known)
      say("was told nothing");
    else if (const auto fault = ledger.judge(watcher->key, *watcher->known, true))
      say("does not know: " + fault->what);
  }
  return faults;
}

}  // namespace ringway::sim
