// What a change of the ring asks for: which ranges are to be copied to whom, and when (RFC 6940 §6.4.2.3,
// §10.7.1, §10.7.3). Pure: two views in, tasks out.
#pragma once

#include <vector>

#include "reload/data/background_copies.hpp"
#include "reload/data/ring_digest.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

// What the peer is responsible for; everything when it knows nobody else.
Span own_range(const topology::RingView& view);
// What the peer holds copies of, its own range included; everything when it does not know as many
// predecessors as that takes.
Span held_range(const topology::RingView& view);

// Is all of `span` in `outer`?
bool is_within(const Span& span, const Span& outer);
// The predecessor that is responsible for all of the span, as far as this view shows where its range begins.
std::optional<NodeId> owner_of(const topology::RingView& view, const Span& span);

// `handed_over`: the new predecessor was given its range by us, so it need not be pushed there.
std::vector<CopyTask> tasks_after(const topology::RingView& before, const topology::RingView& after,
                                  MonoTime now, Duration hold_down, bool handed_over);

// Pushing and dropping what one predecessor more than there are replicas stands before (TOPO-38); nothing
// when fewer are known. What is the nearest of those peers' own stands by itself: the two can compare it.
std::vector<CopyTask> tasks_of_cleaning(const topology::RingView& view, MonoTime not_before);

// Before this peer leaves: its own range to the peer that will be the last of the set then; nothing when all
// others are in the set.
std::optional<CopyTask> task_of_parting(const topology::RingView& view, MonoTime now);

}  // namespace ringway::data
