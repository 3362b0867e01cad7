#include "reload/data/notice_line.hpp"

#include <algorithm>
#include <set>

namespace ringway::data {

void NoticeLine::add(const ResourceId& resource, SharedBytes encoded, bool hint) {
  // A hint that was not sent yet does for both; one that was may have been answered before this change.
  if (std::any_of(waiting_.begin() + static_cast<std::ptrdiff_t>(numbered_), waiting_.end(),
                  [&](const Waiting& one) { return one.hint && one.resource == resource; }))
    return;
  bytes_ += encoded.size();
  waiting_.push_back({resource, std::move(encoded), hint});
  if (waiting_.size() > k_max_notices_of_watcher || bytes_ > k_max_notice_bytes_of_watcher) compact();
}

// What has a number keeps it: the watcher may have it already, or not, and says so by that number. There may
// be as many resources as the watcher has subscriptions here, so a line of hints may be longer than the bound
// for notices, and is no longer than that for subscriptions and the window.
void NoticeLine::compact() {
  const auto unsent = waiting_.begin() + static_cast<std::ptrdiff_t>(numbered_);
  std::set<ResourceId> hinted;
  for (auto one = unsent; one != waiting_.end(); ++one)
    if (one->hint) hinted.insert(one->resource);
  const auto kept = std::remove_if(unsent, waiting_.end(), [&](Waiting& one) {
    if (one.hint) return false;
    bytes_ -= one.encoded.size();
    if (!hinted.insert(one.resource).second) return true;
    one.encoded = SharedBytes{encode_notice({one.resource, LookAgain{}})};
    one.hint = true;
    bytes_ += one.encoded.size();
    return false;
  });
  waiting_.erase(kept, waiting_.end());
}

void NoticeLine::begin_session(std::uint64_t session) {
  session_ = std::max(session, session_ + 1);
  first_ = 1;
  sent_ = numbered_ = 0;
}

void NoticeLine::seen(const Seen& seen) {
  if (seen.session != session_ || seen.number < first_) return;
  const std::uint64_t count = std::min<std::uint64_t>(seen.number - first_ + 1, numbered_);
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes_ -= waiting_.front().encoded.size();
    waiting_.pop_front();
  }
  first_ += count;
  numbered_ -= count;
  sent_ -= std::min<std::size_t>(sent_, count);
}

std::vector<Bytes> NoticeLine::take_sendable() {
  std::vector<Bytes> out;
  for (; sent_ < std::min(k_notice_window, waiting_.size()); ++sent_)
    out.push_back(encode_numbered(session_, first_ + sent_, waiting_[sent_].encoded));
  numbered_ = std::max(numbered_, sent_);
  return out;
}

void NoticeLine::keep_only(const std::function<bool(const ResourceId&)>& wanted) {
  if (std::erase_if(waiting_, [&](const Waiting& one) { return !wanted(one.resource); }) == 0) return;
  bytes_ = 0;
  for (const Waiting& one : waiting_) bytes_ += one.encoded.size();
  begin_session(session_ + 1);
}

}  // namespace ringway::data
