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

// `handed_over`: the new predecessor was given its range by us, so it need not be pushed there.
std::vector<CopyTask> tasks_after(const topology::RingView& before, const topology::RingView& after,
                                  MonoTime now, Duration hold_down, bool handed_over);

// Pushing and dropping what one predecessor more than there are replicas stands before (TOPO-38); nothing
// when fewer are known.
std::optional<CopyTask> task_of_cleaning(const topology::RingView& view, MonoTime not_before);

// Before this peer leaves: its own range to the peer that will be the last of the set then; nothing when all
// others are in the set.
std::optional<CopyTask> task_of_parting(const topology::RingView& view, MonoTime now);

}  // namespace ringway::data
