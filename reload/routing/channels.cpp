// Channels: a connection of its own for each application and node, set up with AppAttach (RFC 6940 §6.5.2).
// The sender of an AppAttach is the TLS server and waits; who answers it connects (AMB-26), to the Node-ID
// that has signed, so nobody else can come in its place (FM-44). Nothing of RELOAD is spoken over such a
// connection, and topology never hears of it: a channel stays when the two lose each other as neighbours.
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

constexpr Duration k_channel_idle{300'000};       // then one that nobody here holds is closed
constexpr Duration k_channel_keep_alive{25'000};  // ICE-19
constexpr Duration k_channel_patience{5'000};     // with a connection whose acknowledgements have stopped
// No AppAttach that has crossed one of ours takes longer: who asks after that has lost what we still have.
constexpr Duration k_crossing_limit{25'000};

std::optional<Application> known_application(std::uint16_t number) {
  for (const auto one : k_applications)
    if (static_cast<std::uint16_t>(one) == number) return one;
  return std::nullopt;
}

}  // namespace

wire::AppAttachBody RoutingComponent::Impl::app_attach_body(
    std::uint16_t application, std::string role, const std::vector<RemoteAddress>& addresses) const {
  wire::AppAttachBody body;
  body.application = application;
  body.role = std::move(role);
  body.candidates = candidates_at(addresses);
  return body;
}

// ---- what the owner says ----------------------------------------------------------------------------------

void RoutingComponent::Impl::on(OpenChannel& input) {
  const ChannelTable::Key key{input.application, input.node};
  if (const auto found = channels().channels.find(key); found != channels().channels.end()) {
    found->second.held = found->second.told = true;
    channels().check_by(found->second.sent_at + k_channel_keep_alive);
    out_->push_back(ChannelUp{input.application, input.node});
    return;
  }
  if (channels().opens.contains(key)) return;
  if (const auto refusal = why_not_open(key); !refusal.empty()) {
    ++counters_.failed_channels;
    out_->push_back(ChannelDown{input.application, input.node, std::string(refusal)});
    return;
  }
  channels().opens.emplace(key, ChannelTable::Open{});
  const TransactionId transaction = ask(
      {wire::to_node(input.node)}, MessageCode::app_attach_req,
      wire::encode(app_attach_body(static_cast<std::uint16_t>(input.application), "passive", own_addresses_)),
      [this, key](const Outcome& outcome) { app_attach_answered(key, outcome); });
  if (const auto open = channels().opens.find(key); open != channels().opens.end())
    open->second.transaction = transaction;
}

// Empty when there may be one to this node.
std::string_view RoutingComponent::Impl::why_not_open(const ChannelTable::Key& key) {
  const auto& [application, node] = key;
  if (node == self()) return "a channel to oneself";
  if (configuration_->is_bad_node(node)) return "revoked (bad-node)";
  if (channels().opens.size() >= k_max_channel_opens) return "too many channels are being opened";
  if (!may_have_channel(application)) return "too many channels";
  return {};
}

void RoutingComponent::Impl::on(SendOnChannel& input) {
  const auto found = channels().channels.find({input.application, input.node});
  if (found == channels().channels.end() || input.message.empty()) return;  // an empty one keeps alive
  found->second.used_at = now_.mono;
  transmit_on_channel(found->second, std::move(input.message));
}

void RoutingComponent::Impl::on(CloseChannel& input) {
  const ChannelTable::Key key{input.application, input.node};
  if (const auto open = channels().opens.find(key); open != channels().opens.end()) {
    drop(open->second.transaction);
    channels().opens.erase(open);
  }
  const auto found = channels().channels.find(key);
  if (found == channels().channels.end()) return;
  // The other end may still want it: it goes when nobody says anything any more.
  found->second.held = found->second.told = false;
  channels().check_by(found->second.used_at + k_channel_idle);
}

void RoutingComponent::Impl::transmit_on_channel(ChannelTable::Channel& channel, SharedBytes message) {
  channel.sent_at = now_.mono;
  out_->push_back(Transmit{channel.connections.front().link, {}, std::move(message)});
}

// ---- our AppAttach ----------------------------------------------------------------------------------------

void RoutingComponent::Impl::app_attach_answered(const ChannelTable::Key& key, const Outcome& outcome) {
  const auto found = channels().opens.find(key);
  if (found == channels().opens.end()) return;
  found->second.transaction = 0;
  if (const auto* failure = std::get_if<RequestFailure>(&outcome)) {
    // In_Progress: it has answered an earlier AppAttach of ours, and its connection is on the way.
    if (failure->code != ErrorCode::in_progress || failure->local)
      return open_failed(key, "the node cannot be reached, or does not want it");
  } else {
    const auto& message = *std::get<std::shared_ptr<const security::InspectedMessage>>(outcome);
    const auto body = wire::decode<wire::AppAttachBody>(message.message.contents.body);
    const bool usable = body && body->role == "active" && !offers_ice(body->candidates) &&
                        body->application == static_cast<std::uint16_t>(key.first);
    if (!usable) return open_failed(key, "its answer to the AppAttach is of no use");
  }
  found->second.link_deadline = now_.mono + k_link_wait;
  channels().check_by(*found->second.link_deadline);
}

void RoutingComponent::Impl::open_failed(const ChannelTable::Key& key, std::string reason) {
  const auto found = channels().opens.find(key);
  if (found == channels().opens.end()) return;
  drop(found->second.transaction);
  channels().opens.erase(found);
  // The other end's AppAttach, which has crossed ours, has made one.
  if (channels().channels.contains(key)) return;
  ++counters_.failed_channels;
  out_->push_back(ChannelDown{key.first, key.second, std::move(reason)});
}

// ---- their AppAttach --------------------------------------------------------------------------------------

void RoutingComponent::Impl::serve_app_attach(std::uint64_t request,
                                              const security::InspectedMessage& message) {
  const auto body = wire::decode<wire::AppAttachBody>(message.message.contents.body);
  if (!body || body->role != "passive" || body->candidates.size() > k_max_candidates)
    return answer_error(request, ErrorCode::invalid_message, "malformed AppAttach");
  if (offers_ice(body->candidates))
    return answer_error(request, ErrorCode::invalid_message, "ICE candidates in an overlay without ICE");
  const NodeId node = message.signer_node;
  const auto application = known_application(body->application);
  if (!application) return invite(request, node, *body);
  if (node == self()) return answer_error(request, ErrorCode::invalid_message, "attach to oneself");
  const ChannelTable::Key key{*application, node};
  for (const auto& [number, other] : channels().attempts)
    if (other == key) return answer_error(request, ErrorCode::in_progress, "a connection is being made");
  OpenLink open;
  open.addresses = reachable_addresses(body->candidates);
  if (open.addresses.empty())
    return answer_error(request, ErrorCode::not_found, "no candidate that can be reached");
  if (channels().attempts.size() >= k_max_channel_attempts ||
      (!channels().channels.contains(key) && !may_have_channel(*application))) {
    ++counters_.refused_channels;
    return answer_error(request, ErrorCode::not_found, "too many channels");
  }
  answer(request, MessageCode::app_attach_ans,
         wire::encode(app_attach_body(body->application, "active", own_addresses_)));
  open.attempt = next_attempt_++;
  open.expected = node;
  open.application = *application;
  channels().attempts.emplace(open.attempt, key);
  out_->push_back(std::move(open));
}

// ---- connections ------------------------------------------------------------------------------------------

// What is held or being made cannot go for another one. A share is for replication alone, since watchers may
// be many, and all that were told something once are held.
bool RoutingComponent::Impl::may_have_channel(Application application) {
  std::size_t all = 0, others = 0;
  const auto count = [&](const ChannelTable::Key& key) {
    ++all;
    if (key.first != Application::replication) ++others;
  };
  for (const auto& [key, channel] : channels().channels)
    if (channel.held) count(key);
  for (const auto& [key, open] : channels().opens) count(key);
  for (const auto& [attempt, key] : channels().attempts) count(key);
  return all < limits_->max_channels && (application == Application::replication ||
                                         others + limits_->channels_for_replication < limits_->max_channels);
}

// A connection is there, so its channel will stand: one that nobody here holds goes, the most silent one.
bool RoutingComponent::Impl::make_room_for_channel(Application application) {
  const auto is_other = [](const auto& one) { return one.first.first != Application::replication; };
  const auto& all = channels().channels;
  for (;;) {
    const auto others = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_other));
    const bool too_many_others = application != Application::replication &&
                                 others + limits_->channels_for_replication >= limits_->max_channels;
    if (all.size() < limits_->max_channels && !too_many_others) return true;
    auto silent = all.end();
    for (auto one = all.begin(); one != all.end(); ++one) {
      if (one->second.held || (too_many_others && !is_other(*one))) continue;
      if (silent == all.end() || one->second.used_at < silent->second.used_at) silent = one;
    }
    if (silent == all.end()) return false;
    drop_channel(ChannelTable::Key(silent->first), "makes room for another channel");
  }
}

// Which channel a new connection is for; none: nobody here has asked for it.
std::optional<ChannelTable::Key> RoutingComponent::Impl::channel_of(const LinkUp& input) {
  const auto& certificate = *input.certificate;
  const auto attempt = channels().attempts.extract(input.attempt);  // it has ended, however it has
  if (configuration_->is_revoked(certificate)) {
    ++counters_.refused_revoked;
    return std::nullopt;
  }
  if (input.attempt != 0) {
    if (attempt.empty() || attempt.mapped().first != *input.application) return std::nullopt;
    if (!certificate.has_node_id(attempt.mapped().second)) return std::nullopt;
    return attempt.mapped();
  }
  for (const NodeId& node : certificate.node_ids())
    if (const ChannelTable::Key key{*input.application, node}; channels().opens.contains(key)) return key;
  return std::nullopt;
}

void RoutingComponent::Impl::channel_link_up(const LinkUp& input) {
  const auto key = channel_of(input);
  if (!key) {
    ++counters_.refused_channels;
    out_->push_back(CloseLink{input.link, "no channel that was asked for"});
    return;
  }
  if (!channels().channels.contains(*key) && !make_room_for_channel(key->first)) {
    ++counters_.refused_channels;
    out_->push_back(CloseLink{input.link, "too many channels"});
    if (input.attempt == 0) open_failed(*key, "too many channels");
    return;
  }
  auto& channel = channels().channels[*key];
  const auto open = channels().opens.find(*key);
  channel.held = channel.held || open != channels().opens.end();
  // Only a connection to us is what our own AppAttach has led to; one that we have made is for theirs, and
  // both stand when the two have crossed.
  if (input.attempt == 0) {
    drop(open->second.transaction);
    channels().opens.erase(open);
  }
  make_way_for_connection(channel);
  channel.connections.push_back({input.link, input.certificate, now_.mono, std::nullopt});
  channels().by_link.emplace(input.link, *key);
  channel.used_at = channel.sent_at = now_.mono;
  channels().check_by(now_.mono + (channel.held ? k_channel_keep_alive : k_channel_idle));
  if (!std::exchange(channel.told, true)) out_->push_back(ChannelUp{key->first, key->second});
}

// What the other end has lost without our noticing goes; and so does one too many.
void RoutingComponent::Impl::make_way_for_connection(ChannelTable::Channel& channel) {
  auto& all = channel.connections;
  const auto close = [&](std::vector<ChannelTable::Connection>::iterator one) {
    channels().by_link.erase(one->link);
    out_->push_back(CloseLink{one->link, "replaced by another connection"});
    return all.erase(one);
  };
  for (auto one = all.begin(); one != all.end();)
    one = now_.mono - one->up_at > k_crossing_limit ? close(one) : one + 1;
  if (all.size() >= k_max_connections_per_channel) close(all.end() - 1);
}

void RoutingComponent::Impl::channel_message(const ChannelTable::Key& key, SharedBytes bytes) {
  channels().channels.at(key).used_at = now_.mono;
  if (bytes.empty()) return;  // keeps alive
  ++counters_.channel_messages;
  out_->push_back(ChannelMessage{key.first, key.second, std::move(bytes)});
}

// False: not a channel's.
bool RoutingComponent::Impl::channel_link_down(const LinkDown& input) {
  if (!channels_) return false;
  if (input.link == LinkId{}) return channels().attempts.erase(input.attempt) > 0;
  const auto found = channels().by_link.find(input.link);
  if (found == channels().by_link.end()) return false;
  const auto key = found->second;
  channels().by_link.erase(found);
  auto& connections = channels().channels.at(key).connections;
  std::erase_if(connections, [&](const auto& one) { return one.link == input.link; });
  if (connections.empty()) drop_channel(key, input.reason);
  return true;
}

bool RoutingComponent::Impl::channel_link_suspected(const LinkSuspected& input) {
  if (!channels_) return false;
  const auto found = channels().by_link.find(input.link);
  if (found == channels().by_link.end()) return false;
  auto& connections = channels().channels.at(found->second).connections;
  for (auto& one : connections) {
    if (one.link != input.link) continue;
    if (!input.suspected)
      one.suspected_at.reset();
    else if (!one.suspected_at)
      one.suspected_at = now_.mono;
  }
  std::stable_partition(connections.begin(), connections.end(),
                        [](const auto& one) { return !one.suspected_at; });
  if (input.suspected) channels().check_by(now_.mono + k_channel_patience);
  return true;
}

void RoutingComponent::Impl::drop_channel(const ChannelTable::Key& key, const std::string& reason) {
  const auto gone = channels().channels.extract(key);
  if (gone.empty()) return;
  for (const auto& one : gone.mapped().connections) {
    channels().by_link.erase(one.link);
    out_->push_back(CloseLink{one.link, reason});
  }
  if (gone.mapped().told) out_->push_back(ChannelDown{key.first, key.second, reason});
}

// A bad-node's certificate is good for no channel either (RFC 6940 §11.1).
void RoutingComponent::Impl::cut_off_revoked_channels() {
  if (!channels_) return;
  std::vector<ChannelTable::Key> revoked, hopeless;
  for (const auto& [key, channel] : channels().channels)
    if (configuration_->is_revoked(*channel.connections.front().certificate)) revoked.push_back(key);
  for (const auto& key : revoked) {
    ++counters_.refused_revoked;
    drop_channel(key, "revoked (bad-node)");
  }
  for (const auto& [key, open] : channels().opens)
    if (configuration_->is_bad_node(key.second)) hopeless.push_back(key);
  for (const auto& key : hopeless) open_failed(key, "revoked (bad-node)");
}

// ---- time -------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::channels_due() {
  if (!channels_ || !channels().check_at || *channels().check_at > now_.mono) return;
  channels().check_at.reset();
  std::vector<ChannelTable::Key> late, idle, dead;
  for (const auto& [key, open] : channels().opens) {
    if (!open.link_deadline) continue;
    if (*open.link_deadline <= now_.mono)
      late.push_back(key);
    else
      channels().check_by(*open.link_deadline);
  }
  for (const auto& key : late) open_failed(key, "no connection has come");
  for (auto& [key, channel] : channels().channels) {
    // All are suspected when the first is.
    if (const auto suspected_at = channel.connections.front().suspected_at) {
      if (*suspected_at + k_channel_patience <= now_.mono) {
        dead.push_back(key);
        continue;
      }
      channels().check_by(*suspected_at + k_channel_patience);
    }
    if (channel.held) {
      if (channel.sent_at + k_channel_keep_alive <= now_.mono) transmit_on_channel(channel, {});
      channels().check_by(channel.sent_at + k_channel_keep_alive);
    } else if (channel.used_at + k_channel_idle <= now_.mono) {
      idle.push_back(key);
    } else {
      channels().check_by(channel.used_at + k_channel_idle);
    }
  }
  for (const auto& key : dead) drop_channel(key, "no acknowledgements");
  for (const auto& key : idle) drop_channel(key, "idle");
}

}  // namespace ringway::routing
