// One read that asks several holders (Consistency::quorum, Consistency::disjoint): whom to ask, along which
// way, when that is enough, and what the answers amount to. Sending and checking signatures is the client's
// (client_careful.cpp).
//
// quorum: the responsible peer and its replicas are asked, each by its Node-ID. A majority of them has to
// answer; the newest of each item wins, a removal too. An acknowledged write is held by all of them, so as
// long as they stay one of any majority has it. But a majority may have come into the set just now: by a
// failure, holding nothing yet, or when two rings have become one, out of the half where it was not written.
// So all of them are heard when they answer, which takes one round trip; whoever has not answered once there
// is a majority is waited for a moment longer, the responsible peer until it fails to answer once.
// And who says that it may just not have been given it (newly_held.hpp) counts only when nobody else is left.
// When all of them say so, those who come after them are asked: they held it before, and have not let it go
// yet.
//
// disjoint: both the search for the holders and the reading take ways that have no first hop in common as
// long as there are such. All holders are waited for, each until it has answered or no way has led to it:
// a majority of those who answer first may be liars. One honest holder and one honest way to it are enough.
// "Nothing is stored there" is believed of a majority only.
//
// What is too large for one message is read in parts (careful_parts.cpp): a holder that says so is asked for
// the list of what it has (Stat) instead, and when all lists are there that are to be waited for, each item
// is fetched once, from a holder that has listed the newest one, from all of these in turn. A list has no
// writer's signature, so it decides only who is asked: what comes is judged as if it had come at once, and
// where it is not what was listed the next newest is fetched. Who gives too little of what it has listed, or
// too slowly, has not answered; the others' answers count all the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "reload/data/api.hpp"
#include "reload/data/holder_search.hpp"
#include "reload/data/value_store.hpp"
#include "reload/data/ways.hpp"

namespace ringway::data {

// From its start; a search takes at most the first part of it.
inline constexpr Duration k_careful_search_limit{8'000};
inline constexpr Duration k_careful_read_limit{14'000};
inline constexpr Duration k_rest_is_awaited{1'000};         // when a majority has answered
inline constexpr std::size_t k_max_careful_requests = 512;  // of one read
inline constexpr std::size_t k_max_search_requests = 384;   // of these; then whoever was found is asked
inline constexpr std::size_t k_max_careful_reads = 64;      // at once, with detours; the others wait
inline constexpr Duration k_ping_deadline{1'500};           // of a search on disjoint ways
inline constexpr Duration k_careful_parts_limit{60'000};    // for the parts, when the lists are there
inline constexpr std::size_t k_max_part_requests = 1024;    // of one read, for parts
// Of these each holder gets so long without giving any item that is as it was listed.
inline constexpr Duration k_holder_patience{10'000};
// Then what others have listed is fetched too, although somebody has listed a newer one and not given it.
inline constexpr Duration k_lists_are_believed{30'000};

// For a search on disjoint ways.
SearchRules disjoint_search(std::size_t holders);

// What one holder has of the items that were asked for; each value checked.
struct HeldItem {
  bool exists = true;  // else its writer has removed it
  Entry entry;
  // Only listed so far, of `entry` the storage_time: so large it is in an answer. 0: it has come.
  std::size_t listed_bytes = 0;
};
struct HeldItems {
  std::uint64_t generation = 0;
  std::uint32_t discarded = 0;
  std::map<ItemKey, HeldItem> items;
};

class CarefulRead {
 public:
  enum class Wanted {
    all,   // a Fetch
    list,  // a Stat of all
    part,  // a Fetch of some keys
  };
  struct Question {
    std::uint64_t number = 0;
    std::optional<HolderSearch::Question> search;  // of the search for the holders
    NodeId holder;                                 // else this one is asked
    Wanted wanted = Wanted::all;
    std::vector<ItemKey> keys;  // of a part
    std::optional<Route> route;
    Duration deadline{0};
  };
  enum class Failure {
    no_answer,
    refused,    // by the holder itself, with its signature
    too_large,  // likewise
    lacks,      // likewise: nothing there, but it has held the range for a short time only
    no_way,     // this peer has no first hop of that rank
  };

  // `wanted`: 1 + replicas. `cache` outlives the read.
  CarefulRead(const Now& now, Consistency consistency, const RingId& resource, std::size_t wanted,
              double peers, HolderCache& cache);
  // Of a dictionary's entries: no answer may have more than so many bytes.
  void may_read_in_parts(std::size_t answer_bytes) { part_bytes_ = answer_bytes; }
  // There is nothing to search for: this peer is one of the holders, and knows the others.
  void holders_are(std::vector<NodeId> holders);

  // What to ask now. With nothing to ask and nothing under way it is done.
  std::vector<Question> next(const Now& now);
  void found(std::uint64_t number, const NodeId& owner);
  void fetched(std::uint64_t number, HeldItems items);
  void listed(std::uint64_t number, HeldItems items);
  void failed(std::uint64_t number, Failure failure);

  bool done() const { return done_; }
  // When to call next() although nothing has been heard.
  std::optional<MonoTime> wakes_at() const { return done_ ? std::nullopt : rest_until_; }
  // The newest of each item, removals too.
  std::map<ItemKey, const HeldItem*> newest() const;
  // The entries of those that exist, in the same order; or why there is no result.
  CallResult result() const;
  // An item of which a holder has an older one than the newest, or none.
  bool holders_differ() const;
  // Of those that were found.
  std::optional<NodeId> responsible() const;
  bool has_answered(const NodeId& holder) const;
  // A holder that has more than fits into one answer, and it is not read in parts.
  std::optional<NodeId> too_large_at() const { return too_large_at_; }

 private:
  struct Holder {
    explicit Holder(const NodeId& node_in) : node(node_in) {}
    NodeId node;
    Ways::Taken taken;
    unsigned asked = 0, under_way = 0;
    bool answered = false, failed = false, given_up = false;  // failed: once at least
    // In parts.
    bool in_parts = false;
    std::optional<Route> route;  // along which it said so, or has answered
    bool part_under_way = false;
    std::size_t most_keys = SIZE_MAX;
    unsigned parts_failed = 0;           // since the last true item that came
    std::optional<MonoTime> part_since;  // when it was asked for one that has brought nothing true
    Duration in_vain{0};                 // waited for such ones, since the last true item that came
    unsigned untrue = 0;                 // items that it has listed, and then did not have so new

    // Who has said that it is too much is asked for its list next.
    bool may_answer() const { return !answered && !failed && (under_way > 0 || (in_parts && asked == 0)); }
  };
  struct Asked {
    std::optional<HolderSearch::Question> search;
    NodeId holder;
    std::optional<Route> route;
    Wanted wanted = Wanted::all;
    std::vector<ItemKey> keys = {};
  };
  struct Answer {
    HeldItems held;
    bool certain = true;      // else: nothing, said by who may lack it
    bool broken_off = false;  // its parts did not come: what has come counts, but not as its answer
  };

  bool disjoint() const { return consistency_ == Consistency::disjoint; }
  bool is_enough(const Now& now);
  bool waits_for_responsible() const;
  bool waits_for_rest() const;
  void begin_search(const Now& now, bool with_cache);
  void end_search(const Now& now);
  bool looks_behind(const Now& now);
  void ask_holders(std::vector<Question>& out);
  void ask(Holder& holder, std::vector<Question>& out);
  void add(Asked asked, std::vector<Question>& out);
  Holder* holder_of(const NodeId& node);
  void answer(Holder& holder, HeldItems items, bool certain);
  std::size_t answered() const;
  std::size_t certain() const;
  std::size_t needed() const { return expected_ / 2 + 1; }
  bool has_enough() const;
  enum class Which { all, come };  // come: not those that are only listed
  std::map<ItemKey, const HeldItem*> newest_of(Which which) const;
  CallFailure too_few() const;

  // careful_parts.cpp
  bool begins_in_parts(Holder& holder, const Asked& what);
  void ask_parts(const Now& now, std::vector<Question>& out);
  void end_patience(const Now& now);
  void end_parts(const Now& now);
  static bool is_owed(const ItemKey& key, const HeldItem& item,
                      const std::map<ItemKey, const HeldItem*>& newest);
  std::vector<ItemKey> next_part(const Holder& holder, const HeldItems& held,
                                 const std::map<ItemKey, const HeldItem*>& newest) const;
  void part_came(Holder& holder, const Asked& what, HeldItems items);
  void part_failed(Holder& holder, const Asked& what, Failure failure);
  void break_off(const Holder& holder, bool may_lack);
  static CallFailure too_long();

  MonoTime started_;
  std::optional<MonoTime> rest_until_;  // there is a majority
  Consistency consistency_;
  RingId resource_;
  std::size_t wanted_;
  double peers_;
  HolderCache& cache_;
  Ways ways_;
  std::optional<HolderSearch> search_;  // while it goes on
  bool from_cache_ = false;             // whom it was told of from before
  bool behind_ = false;                 // those after the holders are asked as well
  bool whole_ring_ = false;             // there is nobody else
  std::vector<Holder> holders_;         // nearest to the resource first
  std::size_t expected_ = 0;            // so many there should be
  std::map<NodeId, Answer> answers_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_number_ = 0;
  std::optional<NodeId> too_large_at_;
  std::size_t part_bytes_ = 0;           // 0: nothing is read in parts
  std::optional<MonoTime> parts_since_;  // the lists are there
  std::size_t parts_asked_ = 0;
  std::set<ItemKey> coming_;  // asked for
  bool parts_ended_ = false;  // before all had come
  bool was_giving_ = false;   // then: somebody whose parts still came promptly
  bool done_ = false;
};

}  // namespace ringway::data
