// Two lists of what a span holds (ring_digest.hpp), compared: what is to go which way. Pure.
#pragma once

#include <vector>

#include "reload/data/background_copies.hpp"
#include "reload/data/ring_digest.hpp"

namespace ringway::data {

// Puts the next page behind what has come of another peer's list. False when it does not go on from there in
// the order of lists, or leaves the span: nobody honest says so.
bool add_page(Listing& listing, Listing page, const Span& span);

// The newest storage_time wins. Where two are equally old and not the same, ours learns theirs first: the
// signature check on the way finds a damaged one, and the tie is decided alike everywhere.
std::vector<Difference> differences(const Listing& own, const Listing& theirs, const NodeId& target);

}  // namespace ringway::data
