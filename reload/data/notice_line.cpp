#include "reload/data/notice_line.hpp"

#include <algorithm>
#include <set>

namespace ringway::data {

void NoticeLine::add(const ResourceId& resource, SharedBytes encoded, bool hint) {
  // One that was not sent yet does for both; one that was may have been answered before this change.
  if (hint && std::any_of(waiting_.begin() + static_cast<std::ptrdiff_t>(sent_), waiting_.end(),
                          [&](const Waiting& one) { return one.hint && one.resource == resource; }))
    return;
  bytes_ += encoded.size();
  waiting_.push_back({resource, std::move(encoded), hint});
  if (waiting_.size() > k_max_notices_of_watcher || bytes_ > k_max_notice_bytes_of_watcher) compact();
}

// There may be as many resources as the watcher has subscriptions here, so this may be longer than the bound
// for notices, and is no longer than that for subscriptions.
void NoticeLine::compact() {
  std::set<ResourceId> resources;
  for (const Waiting& one : waiting_) resources.insert(one.resource);
  waiting_.clear();
  bytes_ = 0;
  for (const ResourceId& resource : resources) {
    waiting_.push_back({resource, SharedBytes{encode_notice({resource, LookAgain{}})}, true});
    bytes_ += waiting_.back().encoded.size();
  }
  renumber();
}

void NoticeLine::renumber() {
  ++session_;
  first_ = 1;
  sent_ = 0;
}

void NoticeLine::begin_session(std::uint64_t session) {
  session_ = std::max(session, session_ + 1);
  first_ = 1;
  sent_ = 0;
}

void NoticeLine::seen(const Seen& seen) {
  if (seen.session != session_ || seen.number < first_) return;
  const std::uint64_t count = std::min<std::uint64_t>(seen.number - first_ + 1, sent_);
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes_ -= waiting_.front().encoded.size();
    waiting_.pop_front();
  }
  first_ += count;
  sent_ -= count;
}

std::vector<Bytes> NoticeLine::take_sendable() {
  std::vector<Bytes> out;
  for (; sent_ < std::min(k_notice_window, waiting_.size()); ++sent_)
    out.push_back(encode_numbered(session_, first_ + sent_, waiting_[sent_].encoded));
  return out;
}

void NoticeLine::keep_only(const std::function<bool(const ResourceId&)>& wanted) {
  if (std::erase_if(waiting_, [&](const Waiting& one) { return !wanted(one.resource); }) == 0) return;
  bytes_ = 0;
  for (const Waiting& one : waiting_) bytes_ += one.encoded.size();
  renumber();
}

}  // namespace ringway::data
