// One lookup of a service provider (RFC 7374 §4.5) as a state machine: which tree node is to be fetched, and
// what the providers are in the end. No tree node is fetched twice: where the records of two levels
// contradict each other, since some have expired, what has been seen decides (the RFC's temporary cache).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reload/redir/tree.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::redir {

inline constexpr std::size_t k_most_providers_found = 8;    // of one lookup: the nearest, and who is next
inline constexpr std::size_t k_most_providers_seen = 4096;  // in the cache of one lookup; the nearest stay
inline constexpr std::size_t k_remembered_lookups = 16;     // §4.2

struct Provider {
  NodeId node;
  wire::DestinationList destinations;  // the way to it
};

class Lookup {
 public:
  // `random` picks among the root's providers when nobody follows the key.
  Lookup(const Tree& tree, const NodeId& key, unsigned start_level, std::uint64_t random);

  // What is to be fetched now; nothing when the lookup is over.
  std::optional<TreeNode> fetches() const;
  void fetched(std::vector<Provider> providers);
  // Who is in the tree node cannot be learnt: others may be further up.
  void unreadable();
  void give_up();  // over, with what has been seen

  // Over: the closest successor of the key, then who follows in the order of the ring. None: nobody provides
  // the service.
  const std::vector<Provider>& found() const { return found_; }
  // Where it has ended.
  unsigned level() const { return level_; }
  unsigned fetches_made() const { return fetches_made_; }
  std::size_t seen() const { return seen_.size(); }

 private:
  void look(const std::vector<Provider>& here);
  void go_to(unsigned level);
  void finish();
  void finish_at_random(std::vector<Provider> root);
  void remember(Provider provider);

  Tree tree_;
  NodeId key_;
  unsigned level_;
  std::uint64_t random_;
  bool over_ = false;
  unsigned fetches_made_ = 0;
  std::array<bool, k_most_levels> visited_{};
  std::map<RingId, Provider> seen_;  // by how far behind the key
  std::vector<Provider> found_;
};

// Where the next lookup starts: the level at which most of the last ones have ended, the higher one of two
// (§4.2).
class StartLevels {
 public:
  void ended_at(unsigned level);
  unsigned start() const;

 private:
  std::array<unsigned, k_remembered_lookups> last_{};
  std::size_t count_ = 0;  // of all that have ended
};

}  // namespace ringway::redir
