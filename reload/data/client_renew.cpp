// Signing again what was put under the certificate before, and what is to be kept (client.hpp).
#include <algorithm>

#include "reload/data/client.hpp"
#include "reload/data/reading.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_between_rounds{1'000};
constexpr Duration k_after_failure{60'000};
constexpr Duration k_longest_wait{3'600'000};

}  // namespace

// For when the certificate is renewed, or half of the lifetime is over; what ends before the certificate
// needs no other signature.
void Client::remember(const Work& work) {
  const std::uint64_t time_ms = work.value->storage_time_ms;
  const auto newer_than = [&](const WrittenName& name) {
    const WrittenValue* known = written_.find(name);
    // What was put or removed while a renewal was under way has its say; so has the newer of two calls.
    if (work.renews_ms != 0) return known == nullptr || known->storage_time_ms != work.renews_ms;
    return known != nullptr && known->storage_time_ms > time_ms;
  };
  if (const auto* put = std::get_if<PutCall>(&work.call)) {
    if (newer_than(name_of(*put))) return;
    const WallMs expires_ms = work.signed_ms + WallMs{put->lifetime_s} * 1000;
    if (put->keep || expires_ms > work.certificate_not_after_ms) {
      written_.remember({*put, time_ms, expires_ms, work.certificate_sha256, {}});
      // Signed before the certificate changed, stored after it.
      if (!equal(work.certificate_sha256, present_certificate(put->as_user)) && !renew_at_)
        renew_at_ = work.started;
      plan_renewals({work.started, work.signed_ms});
    } else {
      written_.forget(name_of(*put));
    }
  } else if (const auto* remove = std::get_if<RemoveCall>(&work.call)) {
    if (!newer_than(name_of(*remove))) written_.forget(name_of(*remove));
  }
}

void Client::keep_written(StorageOutputs& out) {
  if (auto changes = written_.take_changes(); !changes.empty())
    out.emplace_back(Commit{k_nobody_waits, std::move(changes)});
}

// False: there is nothing to wait for.
bool Client::wait_for_fact(Work& work, StorageOutputs& out) {
  auto changes = written_.take_changes();
  if (changes.empty()) return false;
  work.stage = Stage::note;
  works_of_commits_[++last_commit_] = work.id;
  out.emplace_back(Commit{last_commit_, std::move(changes)});
  return true;
}

bool Client::committed(const Now& now, const Committed& outcome, StorageOutputs& out) {
  const auto waits = works_of_commits_.extract(outcome.token);
  if (waits.empty()) return false;
  const auto found = works_.find(waits.mapped());
  if (found == works_.end()) return true;
  Work& work = found->second;
  if (!outcome.ok) {
    finish(work, CallFailure{CallError::unavailable, "this peer could not write: " + outcome.reason, 0}, out);
  } else if (work.kept) {
    finish(work, std::move(*work.kept), out);
  } else {
    work.stage = Stage::write;
    drive(now, work, out);
  }
  return true;
}

void Client::signer_changed(const Now& now) { renew_at_ = now.mono; }

// The sooner of what is planned and the next refresh.
void Client::plan_renewals(const Now& now) {
  const auto refresh_ms = written_.next_refresh_ms();
  if (!refresh_ms) return;
  const auto wait_ms = *refresh_ms > now.wall_ms ? static_cast<std::int64_t>(*refresh_ms - now.wall_ms) : 0;
  // The wall clock may be set meanwhile.
  const MonoTime at = now.mono + std::clamp(Duration{wait_ms}, k_between_rounds, k_longest_wait);
  if (!renew_at_ || at < *renew_at_) renew_at_ = at;
}

// A few at a time: nobody waits for it, and there is time until the old certificate ends.
void Client::renew_values(const Now& now, StorageOutputs& out) {
  const auto current = [this](const std::string& user) { return present_certificate(user); };
  const std::size_t most = renewing_ < k_max_renewed_at_once ? k_max_renewed_at_once - renewing_ : 0;
  for (auto& value : written_.take_due(now, current, most)) renew(now, std::move(value), out);
  renew_at_.reset();
  if (written_.any_others(current)) renew_at_ = now.mono + k_between_rounds;
  plan_renewals(now);
  keep_written(out);  // some had ended
}

void Client::renew(const Now& now, WrittenValue value, StorageOutputs& out) {
  if (!value.call.keep)
    value.call.lifetime_s =
        static_cast<std::uint32_t>(std::max<WallMs>((value.expires_ms - now.wall_ms) / 1000, 1));
  value.call.expected_generation.reset();
  auto planned = plan_call(data_, now.wall_ms, value.call);
  auto* plan = std::get_if<CallPlan>(&planned);
  if (plan == nullptr) {
    // Not acceptable any more; what is to be kept may be again, when the user's credentials are back.
    if (value.call.keep)
      return written_.postpone(name_of(value.call), value.storage_time_ms, now.mono + k_after_failure);
    return written_.forget(name_of(value.call));
  }
  const std::uint64_t id = ++last_id_;
  Work& work = works_[id];
  work.id = id;
  work.plan = std::move(*plan);
  work.started = now.mono;
  work.stage = Stage::learn;
  work.renews_ms = value.storage_time_ms;
  work.call = std::move(value.call);
  ++renewing_;
  drive(now, work, out);
}

// What is there is what was put, or that signed again by an attempt whose outcome is not known here: its
// answer got lost, not every replica had it, or this peer ended in between. What is to be kept is put again
// where it is missing, too: it has expired while this peer was away.
bool Client::still_ours(const Work& work, const wire::StoredMetaData* present) const {
  const auto& put = std::get<PutCall>(work.call);
  const WrittenValue* known = written_.find(name_of(put));
  if (known == nullptr || known->storage_time_ms != work.renews_ms) return false;
  if (present == nullptr) return put.keep;
  if (present->storage_time_ms < work.renews_ms) return put.keep;
  if (present->storage_time_ms > known->newest_own_ms()) return false;
  if (present->storage_time_ms == work.renews_ms) return put.keep || present->metadata.exists;
  // Another node of the user whose clock is behind dates what it writes a moment after what it replaces.
  const wire::MetaData own = metadata_of({true, SharedBytes{put.value}});
  return present->metadata.exists && present->metadata.value_length == own.value_length &&
         (present->metadata.hash != own.hash || present->metadata.digest == own.digest);
}

void Client::renewal_ended(const Work& work, const CallResult& result, StorageOutputs& out) {
  --renewing_;
  const auto& put = std::get<PutCall>(work.call);
  const WrittenName name = name_of(put);
  const WrittenValue* known = written_.find(name);
  if (std::holds_alternative<PutResult>(result)) {
    ++(put.keep ? data_.statistics.values_refreshed : data_.statistics.values_signed_again);
  } else if (known == nullptr || known->storage_time_ms != work.renews_ms) {
    // Put anew or removed here meanwhile.
  } else if (std::get<CallFailure>(result).error == CallError::aborted) {
    written_.forget(name);  // somebody has put something else there
    keep_written(out);
  } else {
    const MonoTime again = work.started + k_after_failure;
    written_.postpone(name, work.renews_ms, again);
    if (!renew_at_ || again < *renew_at_) renew_at_ = again;
  }
}

}  // namespace ringway::data
