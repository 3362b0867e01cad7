// A detour to the responsible peer, for a request that gets no answer. All ways to a resource end at the peer
// right before its responsible one (RFC 6940 §10.3): when that peer passes nothing on, whoever writes there
// waits in vain, whichever peer he asks. So the responsible peer is searched for as for a careful read
// (holder_search.hpp), and then asked by its Node-ID, along one way after the other: those who have a link to
// it need not go through the peer before it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reload/data/careful_read.hpp"
#include "reload/data/holder_search.hpp"
#include "reload/data/ways.hpp"

namespace ringway::data {

// So long has a request been without an answer when a detour is looked for: then its first repetition (RFC
// 6940 §6.2.1: after 3 s) has had a second to be answered as well.
inline constexpr Duration k_detour_after{4'000};
inline constexpr Duration k_detour_limit{11'000};  // most often the request's own 15 s are over then, too
inline constexpr unsigned k_most_detours = 6;      // ways to the peer that was found

class Detour {
 public:
  using Question = CarefulRead::Question;
  using Failure = CarefulRead::Failure;

  Detour(const Now& now, const RingId& resource, double peers);

  // What to ask now; a question without a search is the request itself, for its `holder`.
  std::vector<Question> next(const Now& now);
  void found(std::uint64_t number, const NodeId& owner);
  void failed(std::uint64_t number, Failure failure);
  bool is_search(std::uint64_t number) const;
  // Nothing is under way and nothing is left to ask.
  bool done() const { return done_; }

 private:
  struct Asked {
    std::optional<HolderSearch::Question> search;
    std::optional<Route> route;
  };

  Question& add(Asked asked, Duration deadline, std::vector<Question>& out);

  MonoTime started_;
  Ways ways_;
  std::optional<HolderSearch> search_;  // while it goes on
  std::optional<NodeId> owner_;
  Ways::Taken taken_;
  unsigned ways_asked_ = 0;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_number_ = 0;
  bool done_ = false;
};

}  // namespace ringway::data
