#include "reload/data/listing_difference.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "reload/data/store_check.hpp"

namespace ringway::data {

namespace {

// Clockwise from the beginning of the span, whose own beginning is its last point when it is the whole ring.
bool comes_before(const KindAt& a, const KindAt& b, const Span& span) {
  const RingId first = ring_add(span.after, ring_power_of_two(0));
  const RingId to_a = ring_distance(first, a.resource), to_b = ring_distance(first, b.resource);
  return to_a != to_b ? to_a < to_b : a.kind < b.kind;
}

class KindComparison {
 public:
  KindComparison(const ListedKind& own, const ListedKind& theirs, const NodeId& target)
      : own_(own), theirs_(theirs), out_{own.at, target, {}, {}, false} {}

  Difference run() {
    auto own = own_.items.begin();
    auto theirs = theirs_.items.begin();
    while (own != own_.items.end() && theirs != theirs_.items.end()) {
      if (own->key < theirs->key) {
        out_.to_store.push_back((own++)->key);
      } else if (theirs->key < own->key) {
        out_.to_fetch.push_back((theirs++)->key);
      } else {
        same_item(*own++, *theirs++);
      }
    }
    for (; own != own_.items.end(); ++own) out_.to_store.push_back(own->key);
    for (; theirs != theirs_.items.end(); ++theirs) out_.to_fetch.push_back(theirs->key);
    if (out_.to_fetch.empty() && own_.generation_counter == 0 && theirs_.generation_counter != 0) {
      out_.to_fetch.push_back(theirs_.items.front().key);  // ours is damaged
    } else if (out_.to_store.empty() && out_.to_fetch.empty()) {
      generations();
    }
    out_.others_first =
        !out_.to_fetch.empty() && own_.generation_counter == 0 && theirs_.generation_counter == 0;
    return std::move(out_);
  }

 private:
  void same_item(const ListedItem& own, const ListedItem& theirs) {
    if (own.version == theirs.version) return;
    if (own.storage_time_ms <= theirs.storage_time_ms) out_.to_fetch.push_back(own.key);
    if (own.storage_time_ms >= theirs.storage_time_ms) out_.to_store.push_back(own.key);
  }
  // A generation travels with any item.
  void generations() {
    if (own_.generation_counter > theirs_.generation_counter) out_.to_store.push_back(own_.items.front().key);
    if (own_.generation_counter < theirs_.generation_counter &&
        theirs_.generation_counter - own_.generation_counter <= k_most_generations_ahead)
      out_.to_fetch.push_back(theirs_.items.front().key);
  }

  const ListedKind& own_;
  const ListedKind& theirs_;
  Difference out_;
};

std::vector<ItemKey> keys_of(const ListedKind& kind) {
  std::vector<ItemKey> keys;
  for (const ListedItem& item : kind.items) keys.push_back(item.key);
  return keys;
}

}  // namespace

bool add_page(Listing& listing, Listing page, const Span& span) {
  for (ListedKind& kind : page) {
    if (!in_half_open(kind.at.resource, span.after, span.up_to)) return false;
    if (listing.empty() || comes_before(listing.back().at, kind.at, span)) {
      listing.push_back(std::move(kind));
      continue;
    }
    auto& items = listing.back().items;
    if (listing.back().at != kind.at || kind.items.front().key <= items.back().key) return false;
    std::move(kind.items.begin(), kind.items.end(), std::back_inserter(items));
  }
  return true;
}

std::vector<Difference> differences(const Listing& own, const Listing& theirs, const NodeId& target) {
  std::map<KindAt, const ListedKind*> unmatched;
  for (const ListedKind& kind : theirs) unmatched[kind.at] = &kind;
  std::vector<Difference> out;
  for (const ListedKind& kind : own) {
    const auto found = unmatched.find(kind.at);
    if (found == unmatched.end()) {
      out.push_back({kind.at, target, {}, keys_of(kind), false});
      continue;
    }
    auto difference = KindComparison(kind, *found->second, target).run();
    if (!difference.to_fetch.empty() || !difference.to_store.empty()) out.push_back(std::move(difference));
    unmatched.erase(found);
  }
  for (const auto& [at, kind] : unmatched)
    out.push_back({at, target, keys_of(*kind), {}, kind->generation_counter == 0});
  return out;
}

}  // namespace ringway::data
