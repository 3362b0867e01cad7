#include "sip-usage/proxy/response_context.hpp"

#include <algorithm>
#include <utility>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/forwarding.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::proxy {
namespace {

unsigned status_of(BranchFailure failure) {
  switch (failure) {
    case BranchFailure::timed_out:
    case BranchFailure::not_sent:
      return 408;  // RFC 3261 §16.7 step 6, §16.8
    case BranchFailure::flow_failed:
      return 430;  // RFC 5626 §7
    case BranchFailure::unreachable:
      break;
  }
  return 503;  // §16.9
}

// No answer came from there, or none that says anything: another server or flow may do better.
bool is_no_answer(unsigned status) { return status == 408 || status == 430; }

// Where somebody else can call it. Nothing: only by this peer, or it is where the caller has called.
std::optional<NameAddr> contact_of(const Target& target, const Uri& asked) {
  NameAddr out;
  out.uri = target.uri;
  if (const auto* peer = std::get_if<PeerHop>(&target.hop)) {
    auto gr = write_gr(peer->destinations);
    if (!gr) return std::nullopt;
    out.uri.parameters.set("gr", std::move(*gr));
  } else if (std::holds_alternative<FlowHop>(target.hop) || target.is_fixed ||
             equivalent(target.uri, asked)) {
    return std::nullopt;
  }
  const auto q = std::to_string(target.q_thousandths % 1000);
  out.parameters.add({"q", target.q_thousandths >= 1000 ? "1.0" : "0." + std::string(3 - q.size(), '0') + q});
  return out;
}

}  // namespace

unsigned incoming_max_breadth(const Message& request) {
  const std::string* field = request.field("Max-Breadth");
  const auto number = field == nullptr ? std::nullopt : parse_number(*field);
  return number ? std::min<unsigned>(*number, k_max_breadth) : k_max_breadth;
}

ResponseContext::ResponseContext(Shared& shared, ServerId server, Message request, std::string asked,
                                 Source source)
    : shared_(shared),
      server_(server),
      request_(std::move(request)),
      asked_(std::move(asked)),
      source_(std::move(source)),
      incoming_breadth_(incoming_max_breadth(request_)),
      asked_for_{request_.request_uri()} {
  // §16.2: as a user agent server would, at once; never to other requests.
  if (is_invite()) send(make_response(request_, 100, {}));
}

ResponseContext::Branch* ResponseContext::branch_of(BranchId id) {
  const auto found =
      std::find_if(branches_.begin(), branches_.end(), [&](const Branch& branch) { return branch.id == id; });
  return found == branches_.end() ? nullptr : &*found;
}

void ResponseContext::forget(BranchId id) {
  shared_.server_of_branch.erase(id);
  std::erase_if(branches_, [&](const Branch& branch) { return branch.id == id; });
}

std::size_t ResponseContext::active_count() const {
  return static_cast<std::size_t>(std::count_if(branches_.begin(), branches_.end(),
                                                [](const Branch& branch) { return !branch.is_final; }));
}

// What of Max-Breadth no request under way has got (RFC 5393 §5.3.2).
std::size_t ResponseContext::breadth_left() const {
  std::size_t outgoing = 0;
  for (const auto& branch : branches_)
    if (!branch.is_final) outgoing += branch.max_breadth;
  return incoming_breadth_ - std::min<std::size_t>(outgoing, incoming_breadth_);
}

Message ResponseContext::own_response(unsigned status) {
  return make_response(request_, status, shared_.new_tag());
}

// ---- whom to ask

void ResponseContext::begin(MonoTime now, bool is_responsible) {
  ask(now, {{}, request_.request_uri(), is_responsible, 0, std::nullopt, source_.user, false, {}});
}

void ResponseContext::begin(MonoTime now, OneHop next) {
  by_token_ = next.by_token;
  Target target;
  target.uri = request_.request_uri();
  target.hop = std::move(next.hop);
  if (next.is_gruu) {
    fallback_ = std::move(target);
    return begin(now, true);
  }
  targets_.add(std::move(target));
  advance(now);
}

bool ResponseContext::use_fallback() {
  if (!fallback_) return false;
  targets_.add(std::move(*fallback_));
  fallback_.reset();
  return true;
}

void ResponseContext::ask(MonoTime now, Find find) {
  find.id = FindId{++shared_.last_find};
  find.deadline = now + shared_.settings.find_time;
  shared_.server_of_find.emplace(find.id, server_);
  shared_.outputs.push_back(FindTargets{find.id, server_, find.uri, find.is_responsible, source_,
                                        request_.method(), find.redirected_by, find.user,
                                        find.is_redirection && !find.redirected_by});
  finds_.push_back(std::move(find));
}

std::optional<ResponseContext::Find> ResponseContext::take_find(FindId id) {
  const auto found =
      std::find_if(finds_.begin(), finds_.end(), [&](const Find& find) { return find.id == id; });
  if (found == finds_.end()) return std::nullopt;
  Find find = std::move(*found);
  finds_.erase(found);
  shared_.server_of_find.erase(id);
  return find;
}

void ResponseContext::on_found(MonoTime now, FindId id, Found found) {
  const auto find = take_find(id);
  if (!find) return;
  if (!find->is_redirection && redirect(found)) return;
  if (found.targets.empty() && !use_fallback()) keep(own_response(480), true);  // §16.5
  found.is_responsible = found.is_responsible || find->is_responsible;
  if (!find->is_redirection) is_responsible_ = found.is_responsible;
  add_found(*find, std::move(found));
  advance(now);
}

void ResponseContext::on_not_found(MonoTime now, FindId id, unsigned status) {
  if (!take_find(id)) return;
  if (!use_fallback()) keep(own_response(status), true);
  advance(now);
}

// The role of a redirect server (RFC 3261 §8.3): what was found goes to the caller as Contacts, with what
// only this peer can do left to it. A phone here has no address but this peer's, and a GRUU has been
// followed.
bool ResponseContext::redirect(const Found& found) {
  if (!shared_.settings.redirects || source_.must_be_carried) return false;
  if (found.targets.empty() || !request_.to.tag().empty()) return false;
  if (request_.request_uri().parameters.has("gr")) return false;
  std::vector<NameAddr> contacts;
  for (const auto& target : found.targets) {
    auto contact = contact_of(target, request_.request_uri());
    if (!contact) return false;
    contacts.push_back(std::move(*contact));
  }
  auto response = own_response(302);
  response.contacts = std::move(contacts);
  ++shared_.counters.redirected;
  send_final(std::move(response));
  return true;
}

void ResponseContext::add_found(const Find& find, Found found) {
  // A GRUU means one device (RFC 5627 §6.1), which may have several flows.
  if (find.uri.parameters.has("gr") && !found.targets.empty()) {
    const Target first = found.targets.front();
    std::erase_if(found.targets, [&](const Target& target) {
      return target.instance != first.instance || (first.instance.empty() && !target.is_same(first));
    });
  }
  for (auto& target : found.targets) {
    if (!found.is_responsible) target.uri = find.uri;
    target.depth += find.depth;
    if (target.alternatives.size() > k_max_alternatives) target.alternatives.resize(k_max_alternatives);
    const bool has_room =
        find.is_redirection ? targets_.add_now(std::move(target)) : targets_.add(std::move(target));
    if (!has_room) ++shared_.counters.targets_cut;
  }
}

// ---- starting branches

void ResponseContext::advance(MonoTime now) {
  if (!stopped_) {
    if (!targets_.has_ready() && active_count() == 0 && finds_.empty()) open_group();
    start_ready(now);
    set_group_deadline(now);
  }
  finish_if_over();
}

void ResponseContext::open_group() {
  targets_.open_group();
  // A transaction other than INVITE is over in 32 s, so there is no time to ask one after the other: the
  // sender learns that not all could be asked (RFC 5393 §5.3.3).
  if (is_invite()) return;
  if (targets_.ready_count() <= std::min<std::size_t>(incoming_breadth_, k_max_fork_breadth)) return;
  ++shared_.counters.too_narrow;
  targets_.clear();
  keep(own_response(440), true);
}

void ResponseContext::start_ready(MonoTime now) {
  while (targets_.has_ready()) {
    const auto active = active_count();
    const auto slots = k_max_fork_breadth - std::min(active, k_max_fork_breadth);
    const auto left = breadth_left();
    const auto count = std::min({targets_.ready_count(), slots, left});
    if (count == 0) return;
    // Something is kept back for those who come later: a branch that is cancelled holds its share until it
    // has answered. The rest is divided (§5.6).
    const auto later = targets_.ready_count() - count + targets_.waiting_count();
    const auto kept_back = std::min(later, left - count);
    auto to_share = left - kept_back;
    for (auto rest = count; rest > 0; --rest) {
      const auto share = to_share / rest;
      to_share -= share;
      start(now, targets_.take_ready(), static_cast<unsigned>(share));
    }
  }
}

void ResponseContext::start(MonoTime now, Target target, unsigned max_breadth) {
  if (started_ == k_max_branches) {
    ++shared_.counters.targets_cut;
    return;
  }
  ++started_;
  ++shared_.counters.branches;
  Branch branch;
  branch.id = BranchId{++shared_.last_branch};
  branch.max_breadth = max_breadth;
  if (is_invite()) branch.deadline = now + std::max(shared_.settings.timer_c, k_min_timer_c);
  Forwarding forwarding{shared_.branches.make(asked_, shared_.random->next()), max_breadth};
  auto request =
      forwarded(request_, target, source_, shared_.settings, shared_.tokens, std::move(forwarding));
  shared_.server_of_branch.emplace(branch.id, server_);
  shared_.outputs.push_back(StartBranch{branch.id, server_, target.hop, std::move(request)});
  branch.target = std::move(target);
  branches_.push_back(std::move(branch));
}

void ResponseContext::set_group_deadline(MonoTime now) {
  const bool is_last = !targets_.has_ready() && targets_.waiting_count() == 0;
  if (is_last || active_count() == 0) {
    group_deadline_.reset();
  } else if (!group_deadline_) {
    const auto& settings = shared_.settings;
    group_deadline_ = now + (is_invite() ? settings.group_time : settings.request_group_time);
  }
}

// The group had its time: it stops ringing, and the next one rings.
void ResponseContext::end_group(MonoTime now) {
  group_deadline_.reset();
  cancel_branches(now);
  if (!targets_.has_ready()) open_group();
  advance(now);
}

// ---- responses

void ResponseContext::on_response(MonoTime now, BranchId id, Message response,
                                  std::optional<NetworkFlow> peer) {
  Branch* branch = branch_of(id);
  if (branch == nullptr) return;
  // §16.7 step 3: our Via goes. What is below it is as it came with the request, whatever others made of it.
  response.vias = request_.vias;
  response.from = request_.from;  // which others have not seen where the caller is anonymous
  const auto status = response.status();
  if (status < 200) return provisional(now, *branch, std::move(response));
  // One final response of a branch counts, but for the repetitions of a 2xx.
  if (branch->is_final && !(branch->is_success && status < 300)) return;
  branch->is_final = true;
  branch->deadline.reset();
  branch->is_success = status < 300;
  branch->target.over = std::move(peer);
  note_dialog(now, *branch, response);
  if (branch->is_success) return success(now, *branch, std::move(response));
  failure_response(now, *branch, std::move(response), false);
}

void ResponseContext::provisional(MonoTime now, Branch& branch, Message response) {
  if (branch.is_final) return;
  branch.has_provisional = true;
  if (branch.is_cancelled) {
    if (!branch.has_cancel) send_cancel(now, branch);  // §9.1: it has waited for this one
  } else if (response.status() != 100 && branch.deadline) {
    branch.deadline = now + std::max(shared_.settings.timer_c, k_min_timer_c);  // §16.7 step 2
  }
  if (response.status() != 100 && !final_sent_) send(std::move(response), &branch);  // step 5
}

void ResponseContext::success(MonoTime now, const Branch& branch, Message response) {
  stop_asking();
  // To an INVITE every 2xx goes upstream, to other requests exactly one final response (step 5).
  if (!final_sent_ || is_invite()) send_final(std::move(response), &branch);
  cancel_branches(now);  // step 10
}

void ResponseContext::failure_response(MonoTime now, Branch& branch, Message response, bool is_ours) {
  const auto status = response.status();
  const auto instance = branch.target.instance;
  const bool goes_on = !stopped_ && try_alternative(branch, status);
  if (!goes_on) {
    if (is_no_answer(status))
      targets_.instance_failed(instance);
    else
      targets_.instance_answered(instance);
    const bool is_followed = status < 400 && !is_ours && follow(now, branch, response);
    if (!is_followed) keep(std::move(response), is_ours);
  }
  if (status >= 600) {  // step 5: it goes upstream when the others have ended
    stop_asking();
    cancel_branches(now);
  }
  advance(now);
}

// The next of the servers that RFC 3263 §4.3 has found.
bool ResponseContext::try_alternative(const Branch& branch, unsigned status) {
  if (branch.target.alternatives.empty() || (status != 503 && status != 408)) return false;
  // A 408 of the server itself, after it has rung, is its answer.
  if (status == 408 && branch.has_provisional) return false;
  if (started_ == k_max_branches) return false;
  Target next = branch.target;
  next.hop = std::move(next.alternatives.front());
  next.alternatives.erase(next.alternatives.begin());
  targets_.put_first(std::move(next));
  return true;
}

// A 2xx begins a dialog, or renews its session; a BYE ends it, and what says that there is none.
void ResponseContext::note_dialog(MonoTime now, const Branch& branch, const Message& response) {
  const auto status = response.status();
  const bool is_bye = request_.method() == "BYE";
  // Whom a user hides from does not say when that ends.
  const bool ends_by_481 = is_bye || !shared_.dialogs.is_hidden(request_).value_or(false);
  const bool is_over = (status == 481 && ends_by_481) || (is_bye && status < 300);
  if (is_over && !request_.to.tag().empty())
    shared_.dialogs.end(request_);
  else if ((is_invite() || request_.method() == "UPDATE") && status < 300)
    shared_.dialogs.note(now, request_, response, branch.target, source_,
                         hop_to_caller(request_, source_, shared_.settings), hidden_route(branch, response));
}

// From the user here (RFC 3261 §12.1), behind this proxy's own values. Nothing: nobody hides.
std::optional<std::vector<NameAddr>> ResponseContext::hidden_route(const Branch& branch,
                                                                   const Message& response) const {
  if (!source_.hides_user) return std::nullopt;
  if (source_.side == Side::overlay) return request_.record_routes;
  if (side_of(branch.target.hop, shared_.settings) != Side::overlay) return std::nullopt;
  std::vector<NameAddr> out;
  for (const NameAddr& each : response.record_routes) {
    const auto token = each.uri.is_sip() ? shared_.tokens.read(each.uri.user, response.call_id) : NoToken{};
    if (std::holds_alternative<DialogToken>(token) || std::holds_alternative<RelayToken>(token)) break;
    out.insert(out.begin(), each);
  }
  return out;
}

void ResponseContext::add_alternatives(BranchId id, std::vector<Hop> servers) {
  Branch* branch = branch_of(id);
  if (branch == nullptr) return;
  if (servers.size() > k_max_alternatives) servers.resize(k_max_alternatives);
  branch->target.alternatives = std::move(servers);
}

bool ResponseContext::may_follow(const Branch& branch, const Uri& contact) const {
  const bool is_own_phone = std::holds_alternative<FlowHop>(branch.target.hop);
  // What somebody else's phone wants is no reason to call outside at this user's expense.
  if (!is_own_phone && !is_responsible_for(contact, shared_.settings)) return false;
  if (!contact.is_sip() && !(contact.is_tel() && is_own_phone)) return false;
  // §16.7 step 4.
  if (request_.request_uri().scheme == "sips" && contact.scheme != "sips") return false;
  return std::none_of(asked_for_.begin(), asked_for_.end(),
                      [&](const Uri& before) { return equivalent(before, contact); });
}

// §16.7 step 4, where this proxy is responsible: for phones of own users who are called by a phone here or
// from outside, and for own users who call others of the overlay. A call that another peer has brought goes
// back to it with the 3xx: that peer has the caller's certificate, and asks the overlay itself (RFC 7904
// §8.2.1). What others answer is for the caller to decide. The Contacts that are followed leave the response;
// true when none is left.
bool ResponseContext::follow(MonoTime now, const Branch& branch, Message& redirection) {
  for (auto& contact : redirection.contacts)
    contact.uri = with_overlay_name(std::move(contact.uri), shared_.settings);
  const bool is_own_phone = std::holds_alternative<FlowHop>(branch.target.hop);
  const bool is_of_overlay =
      std::holds_alternative<PeerHop>(branch.target.hop) && source_.side == Side::phone;
  if (stopped_ || !is_responsible_ || source_.side == Side::overlay) return false;
  if (!is_own_phone && !is_of_overlay) return false;
  if (request_.request_uri().parameters.has("gr")) return false;  // RFC 5627 §6.1: that device or none
  bool any = false;
  std::erase_if(redirection.contacts, [&](const NameAddr& contact) {
    if (!may_follow(branch, contact.uri)) return false;
    if (asked_for_.size() > k_max_redirections) {
      ++shared_.counters.redirections_cut;
      return false;
    }
    ++shared_.counters.redirections;
    asked_for_.push_back(contact.uri);
    const bool is_responsible = is_responsible_for(contact.uri, shared_.settings);
    const auto redirected_by = is_own_phone ? std::optional(branch.target.uri) : std::nullopt;
    ask(now, {{},
              contact.uri,
              is_responsible,
              branch.target.depth + 1,
              redirected_by,
              is_own_phone ? branch.target.user : source_.user,
              true,
              {}});
    any = true;
    return true;
  });
  return any && redirection.contacts.empty();
}

void ResponseContext::keep(Message response, bool is_ours) {
  shared_.counters.challenges_cut += best_.add(std::move(response), is_ours);
}

void ResponseContext::on_failure(MonoTime now, BranchId id, BranchFailure failure) {
  Branch* found = branch_of(id);
  if (found == nullptr) return;
  Branch branch = std::move(*found);
  forget(id);
  if (branch.is_final) return;
  if (failure == BranchFailure::not_sent) branch.target.alternatives.clear();  // it has been given up
  const bool is_phone = std::holds_alternative<FlowHop>(branch.target.hop);
  if (is_phone && failure == BranchFailure::unreachable) failure = BranchFailure::flow_failed;
  const bool is_device_gone = failure == BranchFailure::unreachable && is_device_elsewhere(branch.target);
  failure_response(now, branch, own_response(is_device_gone ? 480 : status_of(failure)), true);
}

// One of the user's devices that is not there for now, as an own phone without its flow is. Within a dialog
// it is another matter: the session goes on without this request (RFC 5057 §5.1).
bool ResponseContext::is_device_elsewhere(const Target& target) const {
  return std::holds_alternative<PeerHop>(target.hop) && target.alternatives.empty() &&
         request_.to.tag().empty();
}

void ResponseContext::on_branch_ended(MonoTime now, BranchId id) {
  on_failure(now, id, BranchFailure::timed_out);
}

void ResponseContext::on_server_ended(MonoTime now) {
  server_ended_ = true;
  // §16.9: what is under way goes on, since it may be the answer that could not be sent. Nobody else is
  // asked.
  stop_asking();
  advance(now);
}

// ---- ending

void ResponseContext::stop_asking() {
  stopped_ = true;
  targets_.clear();
  group_deadline_.reset();
  for (const auto& find : finds_) {
    shared_.server_of_find.erase(find.id);
    shared_.outputs.push_back(DropFind{find.id});
  }
  finds_.clear();
}

void ResponseContext::cancel(MonoTime now) {
  if (final_sent_ || !is_invite()) return;  // §9.2: too late, or without effect
  cancelled_ = true;
  stop_asking();
  cancel_branches(now);
  advance(now);
}

// So that nothing of it is sent any more: whoever has not answered by now may get it by another way.
std::optional<Message> ResponseContext::give_up() {
  if (final_sent_ || is_invite()) return std::nullopt;
  stop_asking();
  for (const auto& branch : branches_) {
    shared_.server_of_branch.erase(branch.id);
    shared_.outputs.push_back(EndBranch{branch.id});
  }
  branches_.clear();
  final_sent_ = true;
  return best_.empty() || best_.is_ours() ? std::nullopt : std::optional(best_.take());
}

void ResponseContext::cancel_branches(MonoTime now) {
  if (!is_invite()) return;  // §9.1
  for (auto& branch : branches_) cancel_branch(now, branch);
}

void ResponseContext::cancel_branch(MonoTime now, Branch& branch) {
  if (branch.is_final || branch.is_cancelled) return;
  branch.is_cancelled = true;
  // Without a provisional response it waits (§9.1), where the INVITE has gone out; timer B, or C, ends a
  // branch that stays silent.
  if (branch.has_provisional)
    send_cancel(now, branch);
  else
    shared_.outputs.push_back(RecallBranch{branch.id});
}

void ResponseContext::send_cancel(MonoTime now, Branch& branch) {
  branch.has_cancel = true;
  branch.deadline = now + shared_.settings.cancel_time;
  shared_.outputs.push_back(CancelBranch{branch.id});
}

void ResponseContext::on_timer(MonoTime now) {
  std::vector<FindId> silent;
  for (const auto& find : finds_)
    if (find.deadline <= now) silent.push_back(find.id);
  for (const auto find : silent) {
    ++shared_.counters.find_timeouts;
    shared_.outputs.push_back(DropFind{find});
    on_not_found(now, find, 504);
  }
  std::vector<BranchId> due;
  for (const auto& branch : branches_)
    if (branch.deadline && *branch.deadline <= now) due.push_back(branch.id);
  for (const auto branch : due) on_branch_deadline(now, branch);
  if (group_deadline_ && *group_deadline_ <= now) end_group(now);
}

// §16.8: timer C has fired, or nothing has come after the CANCEL for 64*T1 (§9.1).
void ResponseContext::on_branch_deadline(MonoTime now, BranchId id) {
  Branch* branch = branch_of(id);
  if (branch == nullptr || !branch->deadline || *branch->deadline > now) return;
  if (!branch->is_cancelled) ++shared_.counters.timer_c;
  if (branch->has_provisional && !branch->is_cancelled) return cancel_branch(now, *branch);
  shared_.outputs.push_back(EndBranch{id});
  on_failure(now, id, BranchFailure::timed_out);
}

Deadline ResponseContext::next_wake() const {
  Deadline soonest = group_deadline_;
  for (const auto& find : finds_) soonest = sooner(soonest, find.deadline);
  for (const auto& branch : branches_) soonest = sooner(soonest, branch.deadline);
  return soonest;
}

// §16.7 step 6: every branch has ended and nobody is left to ask.
void ResponseContext::finish_if_over() {
  if (final_sent_ || active_count() != 0 || !finds_.empty()) return;
  if (!stopped_ && (targets_.has_ready() || targets_.waiting_count() != 0)) return;
  if (best_.empty()) keep(own_response(408), true);
  // §9.2, §16.10: who has cancelled is told so, unless a phone has said something else.
  if (cancelled_ && (best_.is_ours() || best_.status() == 408)) return send_final(own_response(487));
  Message best = best_.take();
  if (best.status() == 408 && !is_invite()) {  // RFC 4320 §4.1
    ++shared_.counters.left_unanswered;
    final_sent_ = true;
    if (!server_ended_) shared_.outputs.push_back(EndServer{server_});
    return;
  }
  // This proxy can serve other requests (§16.7 step 6), and no endpoint is to see a 430 (RFC 5626 §11.5).
  if (best.status() == 503) best = own_response(500);
  if (best.status() == 430 && !by_token_) best = own_response(480);
  send_final(std::move(best));
}

void ResponseContext::send_final(Message response, const Branch* of) {
  final_sent_ = true;
  send(std::move(response), of);
  // Its transactions live for 32 s more; what may come from them goes where its Vias say.
  request_.body = std::string();
  request_.fields.clear();
}

void ResponseContext::send(Message response, const Branch* of) {
  if (server_ended_) {
    ++shared_.counters.late_responses;  // RFC 6026 §8.3
    return;
  }
  const bool is_phone =
      of != nullptr && (std::holds_alternative<FlowHop>(of->target.hop) || !of->target.user.empty());
  shared_.outputs.push_back(
      Respond{server_, std::move(response), is_phone ? std::optional(of->target) : std::nullopt});
}

}  // namespace ringway::sip::proxy
