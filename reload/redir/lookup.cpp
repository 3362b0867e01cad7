#include "reload/redir/lookup.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringway::redir {

Lookup::Lookup(const Tree& tree, const NodeId& key, unsigned start_level, std::uint64_t random)
    : tree_(tree), key_(key), level_(std::min(start_level, tree.deepest_level())), random_(random) {}

std::optional<TreeNode> Lookup::fetches() const {
  if (over_) return std::nullopt;
  return tree_.node_for(level_, key_);
}

void Lookup::fetched(std::vector<Provider> providers) {
  ++fetches_made_;
  visited_[level_] = true;
  for (const Provider& provider : providers) remember(provider);
  const bool has_successor = std::any_of(providers.begin(), providers.end(),
                                         [&](const Provider& provider) { return provider.node > key_; });
  if (has_successor) return look(providers);
  // Condition 1. Whoever came down to here has seen a successor.
  if (level_ > 0 && !visited_[level_ - 1]) return go_to(level_ - 1);
  if (level_ > 0) return finish();
  finish_at_random(std::move(providers));
}

void Lookup::unreadable() {
  ++fetches_made_;
  visited_[level_] = true;
  if (level_ > 0 && !visited_[level_ - 1]) return go_to(level_ - 1);
  finish();
}

void Lookup::give_up() { finish(); }

// Conditions 2 and 3. A provider never is its own successor, so its own record says nothing.
void Lookup::look(const std::vector<Provider>& here) {
  bool any_below = false;
  bool any_above = false;
  for (const Provider& provider : here) {
    if (!tree_.same_interval(level_, key_, provider.node)) continue;
    any_below = any_below || provider.node < key_;
    any_above = any_above || provider.node > key_;
  }
  const bool goes_down = any_below && any_above && level_ < tree_.deepest_level() && !visited_[level_ + 1];
  if (goes_down) return go_to(level_ + 1);
  finish();
}

void Lookup::go_to(unsigned level) { level_ = level; }

void Lookup::finish() {
  over_ = true;
  for (auto at = seen_.begin(); at != seen_.end() && found_.size() < k_most_providers_found; ++at)
    found_.push_back(at->second);
}

// Nobody follows the key in the whole tree: the one before all others would be as good as any (§4.5).
void Lookup::finish_at_random(std::vector<Provider> root) {
  over_ = true;
  if (root.empty()) return finish();
  std::sort(root.begin(), root.end(), [](const Provider& a, const Provider& b) { return a.node < b.node; });
  const auto picked = root.begin() + static_cast<std::ptrdiff_t>(random_ % root.size());
  std::rotate(root.begin(), picked, root.end());
  root.resize(std::min(root.size(), k_most_providers_found));
  found_ = std::move(root);
}

void Lookup::remember(Provider provider) {
  if (provider.node == key_) return;
  const RingId distance = ring_distance(key_, provider.node);
  seen_.insert_or_assign(distance, std::move(provider));
  if (seen_.size() > k_most_providers_seen) seen_.erase(std::prev(seen_.end()));
}

void StartLevels::ended_at(unsigned level) {
  last_[count_ % k_remembered_lookups] = std::min(level, k_most_levels - 1);
  ++count_;
}

unsigned StartLevels::start() const {
  const std::size_t known = std::min(count_, k_remembered_lookups);
  if (known == 0) return k_usual_start_level;
  std::array<std::size_t, k_most_levels> ended{};
  for (std::size_t i = 0; i < known; ++i) ++ended[last_[i]];
  return static_cast<unsigned>(std::max_element(ended.begin(), ended.end()) - ended.begin());
}

}  // namespace ringway::redir
