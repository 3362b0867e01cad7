#include "sip-usage/registrar/failed_attempts.hpp"

namespace ringway::sip::registrar {

FailedAttempts::Key FailedAttempts::key_of(const std::string& sender, std::string_view user_name) {
  // Neither can be mistaken for the count of all names.
  if (user_name.size() > k_max_counted_name_bytes) return {sender, ">"};
  return {sender, "=" + std::string(user_name)};
}

std::size_t FailedAttempts::failures(MonoTime now, const Key& key) const {
  const auto found = counts_.find(key);
  return found == counts_.end() || found->second.ends_at <= now ? 0 : found->second.failures;
}

bool FailedAttempts::is_refused(MonoTime now, const std::string& sender, std::string_view user_name) const {
  return failures(now, key_of(sender, user_name)) >= k_max_failures_of_name ||
         failures(now, {sender, ""}) >= k_max_failures_of_sender;
}

void FailedAttempts::count(MonoTime now, const Key& key) {
  auto found = counts_.find(key);
  if (found != counts_.end() && found->second.ends_at <= now) {
    by_end_.erase({found->second.ends_at, key});
    counts_.erase(found);
    found = counts_.end();
  }
  if (found != counts_.end()) {
    ++found->second.failures;
    return;
  }
  if (counts_.size() == k_max_failure_counts) {
    counts_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
  counts_[key] = {1, now + k_failure_window};
  by_end_.emplace(now + k_failure_window, key);
}

void FailedAttempts::failed(MonoTime now, const std::string& sender, std::string_view user_name) {
  count(now, key_of(sender, user_name));
  count(now, {sender, ""});
}

void FailedAttempts::succeeded(const std::string& sender, std::string_view user_name) {
  const Key key = key_of(sender, user_name);
  const auto found = counts_.find(key);
  if (found == counts_.end()) return;
  by_end_.erase({found->second.ends_at, key});
  counts_.erase(found);
}

}  // namespace ringway::sip::registrar
