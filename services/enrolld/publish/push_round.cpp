#include "services/enrolld/publish/push_round.hpp"

#include <algorithm>
#include <utility>

#include "reload/config/inspection.hpp"
#include "reload/wire/header.hpp"

namespace ringway::enrolld {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

constexpr std::size_t k_max_told_bytes = 160;
// The node at the other end is where it goes, so that it has no way to go; and no overlay's initial-ttl is
// less, neither that of this document nor of the one before.
constexpr std::uint8_t k_ttl = 1;

// What another node says, for a log and a terminal.
std::string printable(BytesView text) {
  std::string out;
  for (const std::uint8_t byte : text.first(std::min(text.size(), k_max_told_bytes)))
    out += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?';
  return out;
}

// Reasons of net/ start with the address, which our reader knows.
std::string without_address(const std::string& reason, const wire::IpAddressPort& address) {
  const std::string start = link::to_text(address) + ": ";
  return reason.starts_with(start) ? reason.substr(start.size()) : reason;
}

}  // namespace

PushRound::PushRound(const PushSettings& settings, Sender sender,
                     const std::vector<wire::IpAddressPort>& addresses, Random& random)
    : settings_(settings),
      sender_(std::move(sender)),
      random_(random),
      inspector_(config::inspection_context(sender_.trust, sender_.document)) {
  for (const auto& address : addresses) {
    AddressReport report;
    report.address = address;
    targets_.push_back({std::move(report),
                        Phase::waiting,
                        {},
                        link::Backoff(settings_.retry_min, settings_.retry_max),
                        nullptr,
                        0});
  }
}

void PushRound::start(const Now& now, routing::Outputs& out) {
  started_ = now.mono;
  for (Target& target : targets_) target.due = now.mono;
  try_next(now, out);
}

// Those that were not tried yet come before those that have failed.
void PushRound::try_next(const Now& now, routing::Outputs& out) {
  for (const bool again : {false, true}) {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (enough() || under_way() >= settings_.max_at_once) return;
      Target& target = targets_[i];
      if (target.phase != Phase::waiting || target.due > now.mono) continue;
      if ((target.report.attempts > 0) != again) continue;
      ++target.report.attempts;
      target.phase = Phase::opening;
      attempts_[++last_attempt_] = i;
      out.push_back(routing::OpenLink{last_attempt_, {target.report.address}, std::nullopt});
    }
  }
}

void PushRound::handle(const Now& now, const routing::LinkUp& event, routing::Outputs& out) {
  const auto found = attempts_.find(event.attempt);
  if (found == attempts_.end()) {
    out.push_back(routing::CloseLink{event.link, "no longer wanted"});
    return;
  }
  const std::size_t index = found->second;
  attempts_.erase(found);
  Target& target = targets_[index];
  if (target.phase != Phase::opening || event.certificate->node_ids().empty()) {
    out.push_back(routing::CloseLink{event.link, "no longer wanted"});
    if (target.phase == Phase::opening) failed(now, target, "its certificate names no node");
    return try_next(now, out);
  }
  target.certificate = event.certificate;
  target.report.node = event.certificate->node_ids().front();
  if (have_.contains(target.report.node)) {
    settle(target, PushOutcome::same_peer, {});
    out.push_back(routing::CloseLink{event.link, "has the document"});
    return try_next(now, out);
  }
  links_[event.link] = index;
  ask(now, target, event.link, out);
  try_next(now, out);
}

void PushRound::ask(const Now& now, Target& target, link::LinkId link, routing::Outputs& out) {
  const config::Configuration& document = *sender_.document;
  do target.transaction = random_.next();
  while (target.transaction == 0);
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = copy_of(document.document);
  const Bytes contents =
      wire::encode(wire::MessageContents{MessageCode::config_update_req, wire::encode(update), {}});
  const Bytes input =
      security::message_signature_input(document.overlay_hash(), target.transaction, contents);
  const SharedBytes payload =
      wire::encode_payload(contents, security::make_security_block(*sender_.signer, input, {}));

  wire::ForwardingHeader header;
  header.overlay = document.overlay_hash();
  header.configuration_sequence = config::k_any_sequence;
  header.ttl = k_ttl;
  header.transaction_id = target.transaction;
  // Of several Node-IDs nobody can see which one is in use there.
  const auto& nodes = target.certificate->node_ids();
  header.destination_list = {wire::to_node(nodes.size() == 1 ? nodes.front() : wildcard_node())};
  Bytes header_wire = wire::encode_header(header, payload.size());
  if (header_wire.size() + payload.size() > document.max_message_size_bytes) {
    links_.erase(link);
    out.push_back(routing::CloseLink{link, "nothing to say"});
    settle(target, PushOutcome::failed, "the document does not fit into its max-message-size");
    return;
  }
  target.phase = Phase::asking;
  target.due = now.mono + settings_.answer_limit;
  out.push_back(routing::Transmit{link, std::move(header_wire), payload});
}

void PushRound::handle(const Now& now, const routing::LinkDown& event, routing::Outputs& out) {
  if (event.link == link::LinkId{}) {
    const auto found = attempts_.find(event.attempt);
    if (found == attempts_.end()) return;
    Target& target = targets_[found->second];
    attempts_.erase(found);
    if (target.phase == Phase::opening) failed(now, target, event.reason);
  } else {
    const auto found = links_.find(event.link);
    if (found == links_.end()) return;
    Target& target = targets_[found->second];
    links_.erase(found);
    if (target.phase == Phase::asking) failed(now, target, "the link ended: " + event.reason);
  }
  try_next(now, out);
}

// Peers may say other things as well (a Ping, a document of theirs): only the answer is listened to, and only
// the first thing that looks like it, so that nobody keeps us busy.
void PushRound::handle(const Now& now, const routing::LinkMessage& event, routing::Outputs& out) {
  const auto found = links_.find(event.link);
  if (found == links_.end()) return;
  Target& target = targets_[found->second];
  auto parsed = wire::parse_header(event.bytes);
  if (!parsed || parsed->header.transaction_id != target.transaction || !parsed->header.is_whole()) return;
  const wire::ForwardingHeader header = parsed->header;
  links_.erase(found);
  const auto answer = inspector_.inspect(now.wall_ms, *std::move(parsed), event.bytes, std::nullopt);
  if (!answer) {
    failed(now, target, "its answer is not acceptable: " + answer.error().reason);
  } else if (header.overlay != sender_.document->overlay_hash() ||
             !target.certificate->has_node_id(answer->signer_node)) {
    failed(now, target, "its answer is not acceptable: of another overlay or node");
  } else {
    judge(target, header, *answer);
  }
  out.push_back(routing::CloseLink{event.link, "answered"});
  try_next(now, out);
}

void PushRound::judge(Target& target, const wire::ForwardingHeader& header,
                      const security::InspectedMessage& answer) {
  const auto code = answer.message.contents.code;
  if (code == MessageCode::config_update_ans) return settle(target, PushOutcome::accepted, {});
  if (code != MessageCode::error) return settle(target, PushOutcome::refused, "it answers something else");
  const auto error = wire::decode<wire::ErrorResponse>(answer.message.contents.body);
  if (!error) return settle(target, PushOutcome::refused, "an error that cannot be read");
  // Who has the document, or a newer one, says so with its own number in the header (RFC 6940 §6.3.2.1).
  const std::uint16_t theirs = header.configuration_sequence, ours = sender_.document->sequence;
  if (error->code == ErrorCode::config_too_old && theirs == ours)
    return settle(target, PushOutcome::has_it, {});
  if (error->code == ErrorCode::config_too_old && config::sequence_newer(theirs, ours))
    return settle(target, PushOutcome::has_newer, "sequence " + std::to_string(theirs));
  settle(target, PushOutcome::refused,
         std::string(wire::name_of(error->code)) + ": " + printable(error->info));
}

void PushRound::settle(Target& target, PushOutcome outcome, std::string reason) {
  target.phase = Phase::settled;
  target.report.outcome = outcome;
  target.report.reason = std::move(reason);
  if (outcome == PushOutcome::accepted || outcome == PushOutcome::has_it) have_.insert(target.report.node);
}

void PushRound::failed(const Now& now, Target& target, std::string reason) {
  settle(target, PushOutcome::failed, without_address(reason, target.report.address));
  if (target.report.attempts >= settings_.max_attempts) return;
  target.phase = Phase::waiting;
  target.due = now.mono + target.backoff.next(random_);
}

void PushRound::on_timer(const Now& now, routing::Outputs& out) {
  const bool over = now.mono >= started_ + settings_.round_limit;
  for (auto at = links_.begin(); at != links_.end();) {
    Target& target = targets_[at->second];
    if (!over && target.due > now.mono) {
      ++at;
      continue;
    }
    failed(now, target, "no answer");
    out.push_back(routing::CloseLink{at->first, "no answer"});
    at = links_.erase(at);
  }
  if (!over) return try_next(now, out);
  for (Target& target : targets_) {
    if (target.phase == Phase::settled) continue;
    // What has gone wrong last says more.
    const std::string reason = target.report.reason.empty() ? "not within the time" : target.report.reason;
    settle(target, PushOutcome::failed, reason);
  }
}

std::size_t PushRound::under_way() const {
  return static_cast<std::size_t>(std::count_if(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.phase == Phase::opening || target.phase == Phase::asking;
  }));
}

bool PushRound::done() const {
  if (enough() && under_way() == 0) return true;
  return std::all_of(targets_.begin(), targets_.end(),
                     [](const Target& target) { return target.phase == Phase::settled; });
}

std::optional<MonoTime> PushRound::next_deadline() const {
  if (done()) return std::nullopt;
  MonoTime next = started_ + settings_.round_limit;
  const bool room = !enough() && under_way() < settings_.max_at_once;
  for (const Target& target : targets_) {
    const bool counts = target.phase == Phase::asking || (target.phase == Phase::waiting && room);
    if (counts) next = std::min(next, target.due);
  }
  return next;
}

PublishReport PushRound::report(const Now& now, const std::string& why) const {
  PublishReport report;
  report.sequence = sender_.document->sequence;
  report.peers = have_.size();
  report.took = now.mono - started_;
  report.fault = why;
  for (const Target& target : targets_) report.addresses.push_back(target.report);
  return report;
}

}  // namespace ringway::enrolld
