#include "sip-usage/presence/watched_user.hpp"

#include <algorithm>
#include <utility>

#include "sip-usage/presence/pidf.hpp"
#include "sip-usage/presence/value.hpp"

namespace ringway::sip::presence {

void WatchedUser::set(std::vector<data::Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const data::Entry& a, const data::Entry& b) {
    return a.storage_time_ms > b.storage_time_ms;
  });
  if (entries.size() > k_max_shown_entries) entries.resize(k_max_shown_entries);
  entries_ = std::move(entries);
  is_known_ = true;
  any_sealed_ = std::any_of(entries_.begin(), entries_.end(), [](const data::Entry& each) {
    const auto value = wire::decode<PresenceValue>(SharedBytes::borrow(each.value));
    return value && value->form == ValueForm::sealed;
  });
  seen_.clear();
}

const Seen& WatchedUser::seen_by(const WatcherId& watcher, Envelope& envelope) {
  const WatcherId who = any_sealed_ ? watcher : WatcherId();
  const auto found = seen_.find(who);
  if (found != seen_.end()) return found->second;
  return seen_.emplace(who, look(who, envelope)).first->second;
}

Seen WatchedUser::look(const WatcherId& watcher, Envelope& envelope) const {
  if (!is_known_) return {};
  std::vector<std::string> documents;
  for (const data::Entry& each : entries_) {
    const auto value = wire::decode<PresenceValue>(SharedBytes::borrow(each.value));
    if (!value) continue;
    if (value->form == ValueForm::plain) {
      documents.emplace_back(text_of(value->content));
    } else if (watcher) {
      const auto opened = envelope.open(*watcher, value->content);
      if (opened) documents.emplace_back(text_of(*opened));
    }
  }
  std::vector<std::string_view> readable;
  // An envelope does not say who has closed it: one that somebody else has made is about somebody else.
  for (const std::string& each : documents)
    if (check_document_about(aor_, each)) readable.emplace_back(each);
  if (!readable.empty())
    return {std::make_shared<const std::string>(composed(aor_, readable, k_max_shown_bytes))};
  if (any_sealed_) return {};
  // compositor.hpp: nothing there means that.
  return {std::make_shared<const std::string>(derived(aor_, Basic::closed))};
}

}  // namespace ringway::sip::presence
