#include "sip-usage/presence/compositor.hpp"

#include <algorithm>
#include <cassert>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/presence/answers.hpp"
#include "sip-usage/presence/pidf.hpp"
#include "sip-usage/presence/value.hpp"

namespace ringway::sip::presence {
namespace {

// The user's own phones and peers see what is shown to some.
std::set<Aor> readers_of(const PresenceUser& user) {
  std::set<Aor> out = user.permission.readers;
  out.insert(user.aor);
  return out;
}

bool is_listed(const PresenceUser& user) { return user.permission.who == Permission::Who::listed; }

}  // namespace

Compositor::Compositor(Settings settings, std::vector<PresenceUser> users, std::shared_ptr<Random> random,
                       std::shared_ptr<Envelope> envelope)
    : settings_(std::move(settings)), random_(std::move(random)), envelope_(std::move(envelope)) {
  for (const PresenceUser& each : users) add(each);
}

void Compositor::add(const PresenceUser& user) {
  assert(check(user.permission).ok());
  if (users_.size() >= registrar::k_max_users) {
    const auto gone =
        std::find_if(users_.begin(), users_.end(), [](const auto& each) { return each.second.is_gone; });
    assert(gone != users_.end());  // there are no more than k_max_accounts others
    drop(gone);
  }
  User& added = users_.try_emplace(user.aor, user, settings_.overlay_lifetime_s).first->second;
  // What this peer has stored before it was started is not to be seen any more.
  if (added.user.permission.who == Permission::Who::nobody) added.entry.suspect();
  compose(added);
  queue(added);
}

bool Compositor::has(const Aor& aor) const {
  const auto found = users_.find(aor);
  return found != users_.end() && !found->second.is_gone;
}

Compositor::User* Compositor::find(const Aor& aor) {
  const auto found = users_.find(aor);
  return found == users_.end() || found->second.is_gone ? nullptr : &found->second;
}

// ---- calls

Compositor::Outputs Compositor::publish(Now now, RequestId request, const Message& message,
                                        const Aor& sender) {
  ++counters_.requests;
  if (auto refusal = refuse_early(message, "PUBLISH", new_tag(*random_))) {
    ++counters_.rejected;
    respond(request, std::move(*refusal));
    return finish(now);
  }
  const auto aor = user_of(message.request_uri(), settings_.overlay_name);
  User* const found = aor ? find(*aor) : nullptr;
  if (found == nullptr) {
    reject(request, message, {404, "No user of this peer"});
    return finish(now);
  }
  if (sender != found->user.aor) {
    reject(request, message, {403, "Another user's address"});
    return finish(now);
  }
  if (is_leaving_) {
    reject(request, message, {503, {}, std::nullopt, k_retry_after_s});
    return finish(now);
  }
  User& user = *found;
  const auto published = user.publications.publish(now.mono, sender, message, settings_, *random_);
  if (!published) {
    reject(request, message, published.error());
  } else {
    ++counters_.accepted;
    Message response = make_response(message, 200, new_tag(*random_));
    response.record_routes.clear();  // a PUBLISH begins no dialog (RFC 3903 §6)
    response.set_field("SIP-ETag", published->etag);
    response.set_field("Expires", std::to_string(published->expires_s));
    respond(request, std::move(response));
  }
  compose(user);
  advance(now, user);
  return finish(now);
}

Compositor::Outputs Compositor::on_bindings(Now now, const Aor& aor, bool has_phones) {
  User* const user = find(aor);
  if (user == nullptr) return {};
  user->has_phones = has_phones;
  compose(*user);
  advance(now, *user);
  return finish(now);
}

Compositor::Outputs Compositor::on_overlay(Now now, OverlayRequestId request, bool is_done) {
  const auto found = asked_.find(request);
  if (found == asked_.end()) return {};
  const auto at = users_.find(found->second);
  User& user = at->second;
  asked_.erase(found);
  if (!is_done) ++counters_.overlay_failures;
  user.entry.answered(now.mono, is_done);
  // What could not be taken away ends by itself.
  if (user.is_gone && user.removal == request)
    drop(at);
  else
    advance(now, user);
  return finish(now);
}

Compositor::Outputs Compositor::on_certificates(Now now, CertificateQuestion question,
                                                std::vector<security::CertificatePtr> certificates) {
  certificates_.answered(question, std::move(certificates));
  return finish(now);
}

Compositor::Outputs Compositor::on_certificates_failed(Now now, CertificateQuestion question) {
  certificates_.failed(question);
  return finish(now);
}

Compositor::Outputs Compositor::set_permission(Now now, const Aor& aor, Permission permission) {
  User* const user = find(aor);
  if (user == nullptr) return {};
  assert(check(permission).ok());
  user->user.permission = std::move(permission);
  if (user->user.permission.who == Permission::Who::nobody) user->spared_until.reset();
  compose(*user);
  keep_needed_certificates();
  advance(now, *user);
  return finish(now);
}

Compositor::Outputs Compositor::set_users(Now now, std::vector<PresenceUser> users) {
  std::map<Aor, PresenceUser> wanted;
  for (PresenceUser& each : users) wanted.emplace(each.aor, std::move(each));
  for (auto at = users_.begin(); at != users_.end();) {
    const auto each = at++;
    User& user = each->second;
    const auto kept = wanted.find(each->first);
    if (kept != wanted.end() && kept->second.node == user.user.node) {
      user.is_gone = false;
      user.removal.reset();
      user.user.permission = std::move(kept->second.permission);
      compose(user);
      advance(now, user);
      wanted.erase(kept);
    } else if (kept == wanted.end()) {
      if (!user.is_gone) dismiss(now, user);
    } else {
      // Of another node there is another entry, so nobody waits for the answer.
      ++counters_.removals;
      outputs_.emplace_back(RemovePresence{OverlayRequestId{++last_overlay_request_}, each->first,
                                           to_hex(user.user.node.view())});
      drop(each);
    }
  }
  for (const auto& [aor, user] : wanted) add(user);
  keep_needed_certificates();
  return finish(now);
}

// What another write has left there goes with it.
void Compositor::dismiss(Now now, User& user) {
  user.is_gone = true;
  user.publications = {};
  user.has_phones = false;
  user.next_write.reset();
  user.spared_until.reset();
  user.entry.suspect();
  if (user.is_waiting) std::erase(waiting_, user.user.aor);
  user.is_waiting = false;
  compose(user);
  advance(now, user);
}

void Compositor::drop(Users::iterator user) {
  if (user->second.queued_at) wakes_.erase({*user->second.queued_at, user->first});
  std::erase(waiting_, user->first);
  std::erase_if(asked_, [&](const auto& each) { return each.second == user->first; });
  users_.erase(user);
}

void Compositor::keep_needed_certificates() {
  std::set<Aor> readers;
  for (const auto& [aor, each] : users_)
    if (!each.is_gone && is_listed(each.user)) readers.merge(readers_of(each.user));
  certificates_.keep_only(readers);
}

Compositor::Outputs Compositor::leave(Now now) {
  is_leaving_ = true;
  for (auto& [aor, user] : users_) {
    user.next_write.reset();
    advance(now, user);
  }
  return finish(now);
}

Compositor::Outputs Compositor::on_restarted(Now now) {
  for (auto& [aor, user] : users_) {
    if (user.user.permission.who == Permission::Who::nobody) continue;  // taken away at once
    user.entry.suspect();
    user.spared_until = now.mono + registrar::k_return_time;
    queue(user);
  }
  return finish(now);
}

Compositor::Outputs Compositor::on_timer(Now now) {
  certificates_.on_timer(now.mono);
  while (!wakes_.empty() && wakes_.begin()->first <= now.mono) {
    const auto at = users_.find(wakes_.begin()->second);
    User& user = at->second;
    if (user.entry.is_overdue(now.mono)) {
      ++counters_.overlay_failures;
      const OverlayRequestId request = *user.entry.asked();
      asked_.erase(request);
      user.entry.answered(now.mono, false);
      if (user.is_gone && user.removal == request) {
        drop(at);
        continue;
      }
    }
    advance(now, user);
  }
  return finish(now);
}

Deadline Compositor::next_wake() const {
  const Deadline of_users = wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
  return sooner(of_users, certificates_.next_wake());
}

void Compositor::respond(RequestId request, Message response) {
  outputs_.emplace_back(Respond{request, std::move(response)});
}

void Compositor::reject(RequestId request, const Message& message, const registrar::Rejection& rejection) {
  ++counters_.rejected;
  respond(request, refused(message, rejection, new_tag(*random_)));
}

// ---- the overlay

std::vector<security::CertificatePtr> Compositor::recipients_of(const User& user) const {
  return certificates_.of(user.user.aor, user.user.permission.readers);
}

void Compositor::compose(User& user) {
  user.document.reset();
  if (!user.publications.empty())
    user.document = composed(user.user.aor, user.publications.documents(), k_max_document_bytes);
  else if (user.has_phones)
    user.document = derived(user.user.aor, Basic::open);
  else if (is_listed(user.user))
    user.document = derived(user.user.aor, Basic::closed);
}

Compositor::Entry::Wanted Compositor::wanted_by(const User& user) const {
  if (is_leaving_ || user.is_gone || user.user.permission.who == Permission::Who::nobody || !user.document)
    return std::nullopt;
  Shown out{*user.document, std::nullopt};
  if (is_listed(user.user)) {
    out.recipients.emplace();
    for (const auto& each : recipients_of(user)) *out.recipients += text_of(each->sha256());
  }
  return out;
}

bool Compositor::is_due(MonoTime now, const User& user) const {
  const auto wanted = wanted_by(user);
  const bool is_spared = !wanted && user.spared_until && now < *user.spared_until;
  return !is_spared && (!user.next_write || *user.next_write <= now) && user.entry.is_due(now, wanted);
}

void Compositor::advance(Now now, User& user) {
  if (user.publications.on_timer(now.mono)) compose(user);
  if (!is_listed(user.user) || is_leaving_ || user.is_gone) {
    user.recheck_at.reset();
    if (is_due(now.mono, user)) write(now, user, wanted_by(user));
  } else if (!user.is_waiting && needs_certificates(now.mono, user)) {
    user.is_waiting = true;
    waiting_.push_back(user.user.aor);
  }
  queue(user);
}

bool Compositor::needs_certificates(MonoTime now, const User& user) const {
  return is_due(now, user) || (user.recheck_at && *user.recheck_at <= now);
}

void Compositor::prepare_waiting(Now now) {
  std::size_t at = 0;
  while (at < std::min(waiting_.size(), k_max_preparing)) {
    User& user = users_.at(waiting_[at]);
    std::vector<FindCertificates> questions;
    const bool is_complete = !is_listed(user.user) || is_leaving_ ||
                             certificates_.prepare(now.mono, readers_of(user.user), questions);
    for (FindCertificates& each : questions) outputs_.emplace_back(std::move(each));
    if (!is_complete) {
      ++at;
      continue;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    user.is_waiting = false;
    user.recheck_at.reset();
    if (is_listed(user.user)) user.recheck_at = certificates_.look_again_at(readers_of(user.user));
    if (is_due(now.mono, user)) write(now, user, wanted_by(user));
    queue(user);
  }
}

void Compositor::write(Now now, User& user, Entry::Wanted wanted) {
  const OverlayRequestId request{++last_overlay_request_};
  const std::string entry = to_hex(user.user.node.view());
  user.next_write = now.mono + registrar::k_store_interval;
  user.spared_until.reset();
  user.entry.ask(now.mono, request, wanted);
  if (!wanted) {
    ++counters_.removals;
    if (user.is_gone) user.removal = request;
    outputs_.emplace_back(RemovePresence{request, user.user.aor, entry});
  } else if (auto value = value_of(user, *wanted)) {
    ++counters_.stores;
    outputs_.emplace_back(
        StorePresence{request, user.user.aor, entry, std::move(*value), settings_.overlay_lifetime_s});
  } else {
    ++counters_.not_sealed;
    user.entry.answered(now.mono, false);
    return;
  }
  asked_.emplace(request, user.user.aor);
}

std::optional<Bytes> Compositor::value_of(const User& user, const Shown& shown) {
  PresenceValue value;
  if (!shown.recipients) {
    value.content = SharedBytes(copy_of(view_of(shown.document)));
  } else {
    const auto recipients = recipients_of(user);
    if (recipients.empty()) return std::nullopt;
    auto sealed = envelope_->seal(view_of(shown.document), recipients);
    if (!sealed) return std::nullopt;
    value.form = ValueForm::sealed;
    value.content = SharedBytes(std::move(*sealed));
  }
  auto out = wire::encode_checked(value);
  if (!out || out->size() > k_max_value_bytes) return std::nullopt;
  return std::move(*out);
}

void Compositor::queue(User& user) {
  if (user.queued_at) wakes_.erase({*user.queued_at, user.user.aor});
  const auto wanted = wanted_by(user);
  Deadline of_entry = user.entry.next_wake(wanted);
  if (of_entry && !wanted && user.spared_until) of_entry = std::max(*of_entry, *user.spared_until);
  if (of_entry && !user.entry.asked() && user.next_write) of_entry = std::max(*of_entry, *user.next_write);
  // Who waits goes on when the certificates are there.
  const Deadline of_writes = user.is_waiting ? Deadline() : sooner(of_entry, user.recheck_at);
  user.queued_at = sooner(of_writes, user.publications.next_wake());
  if (user.queued_at) wakes_.emplace(*user.queued_at, user.user.aor);
}

TableSizes Compositor::sizes() const {
  std::size_t publications = 0;
  for (const auto& [aor, each] : users_) publications += each.publications.size();
  TableSizes out = certificates_.sizes();
  out.push_back(
      {"publications of users", publications, registrar::k_max_accounts * k_max_publications_of_user});
  return out;
}

Compositor::Outputs Compositor::finish(Now now) {
  prepare_waiting(now);
  return std::exchange(outputs_, {});
}

}  // namespace ringway::sip::presence
