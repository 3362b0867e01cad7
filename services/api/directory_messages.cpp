// Directory.SendMessage and Directory.Mailbox: what SIP says of a message becomes a status of gRPC.
#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "services/api/conversion.hpp"
#include "services/api/directory_service.hpp"
#include "services/api/pending_call.hpp"
#include "sip-usage/messages/keeper.hpp"
#include "sip-usage/messages/letter.hpp"

namespace ringway::services {
namespace {

constexpr unsigned k_kept = 202;  // RFC 3428 §7
constexpr const char* k_plain = "text/plain";

grpc::Status refuse(const std::string& message) { return {grpc::StatusCode::INVALID_ARGUMENT, message}; }
grpc::Status status_of(const data::CallFailure& failure) {
  return {to_status_code(failure.error), failure.message};
}

// With a scheme, as SIP has it.
std::string uri_of(const std::string& address) {
  const auto scheme = address.substr(0, address.find(':'));
  const bool has_scheme = scheme.size() < address.size() && scheme.find('@') == std::string::npos;
  return has_scheme ? address : "sip:" + address;
}

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::optional<std::string> fault_of(const v1::SendMessageRequest& request) {
  if (request.to().empty()) return "to: nobody is named";
  if (request.content_type().size() > k_max_content_type_bytes || !is_one_line(request.content_type()))
    return "content_type: one line of at most " + std::to_string(k_max_content_type_bytes) + " bytes";
  return std::nullopt;
}

actors::TextMessage message_of(const v1::SendMessageRequest& request, const std::string& own_user) {
  actors::TextMessage out;
  out.sender = request.as_user().empty() ? own_user : request.as_user();
  out.recipient = uri_of(request.to());
  out.content_type = request.content_type().empty() ? k_plain : request.content_type();
  out.body = request.body();
  if (request.lifetime_s() != 0) out.expires_s = request.lifetime_s();
  return out;
}

grpc::Status status_of(const actors::MessageOutcome& outcome) {
  using Code = grpc::StatusCode;
  const std::string said = "SIP says " + std::to_string(outcome.status) + ": ";
  switch (outcome.status) {
    case 400:
    case 414:
    case 416:
      return {Code::INVALID_ARGUMENT, said + "the address is none that a message can go to"};
    case 403:
      return {Code::PERMISSION_DENIED, said + "this user may not write there"};
    case 404:
      return {Code::NOT_FOUND, said + "nobody has that address"};
    case 413:
      return {Code::RESOURCE_EXHAUSTED, said + "the message is too large"};
    default:
      break;
  }
  if (outcome.retry_after_s.value_or(0) >= sip::messages::k_full_retry_after_s)
    return {Code::RESOURCE_EXHAUSTED,
            said + "too many messages of this sender wait for the recipient already"};
  if (outcome.status == 408 || outcome.status == 480 || outcome.status / 100 == 5)
    return {Code::UNAVAILABLE, said + "nobody is there, and it is not kept now: try again"};
  return {Code::ABORTED, said + "a phone of the recipient refuses it"};
}

void fill(v1::KeptMessage& out, const sip::messages::WaitingMessage& message) {
  out.set_id(message.name.print());
  out.set_sender(message.sender);
  out.set_sender_node(message.name.sender.hex());
  out.set_sent_ms(message.sent_ms);
  out.set_until_ms(message.until_ms);
  out.set_content_type(message.content_type);
  out.set_body(message.body);
}

void fill(v1::MailboxResponse& out, const sip::messages::MailboxContents& contents) {
  for (const auto& each : contents.messages) fill(*out.add_messages(), each);
  out.set_waiting(static_cast<std::uint32_t>(contents.waiting));
  out.set_unopened(static_cast<std::uint32_t>(contents.unopened));
  out.set_taken_away(static_cast<std::uint32_t>(contents.taken_away));
}

}  // namespace

grpc::ServerUnaryReactor* DirectoryService::SendMessage(grpc::CallbackServerContext* context,
                                                        const v1::SendMessageRequest* request,
                                                        v1::SendMessageResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::send_message, request->as_user()})) return refused;
  const auto pending = PendingCall::make(*context);
  if (const auto fault = fault_of(*request)) {
    pending->finish_once(refuse(*fault));
    return pending.get();
  }
  if (request->body().size() > sip::messages::k_max_body_bytes) {
    pending->finish_once({grpc::StatusCode::RESOURCE_EXHAUSTED,
                          "body: at most " + std::to_string(sip::messages::k_max_body_bytes) + " bytes"});
    return pending.get();
  }
  // The copy is for answers that come after the caller has gone.
  peer_->status([peer = peer_, pending, request = *request, response](const actors::PeerStatus& status) {
    peer->send_message(
        message_of(request, status.user), [pending, response](const actors::MessageResult& result) {
          if (!pending->claim()) return;
          if (!result) return pending->Finish(status_of(result.error()));
          if (result->status / 100 != 2) return pending->Finish(status_of(*result));
          response->set_outcome(result->status == k_kept ? v1::SendMessageResponse::OUTCOME_KEPT
                                                         : v1::SendMessageResponse::OUTCOME_DELIVERED);
          response->set_status(result->status);
          pending->Finish(grpc::Status::OK);
        });
  });
  return pending.get();
}

grpc::ServerUnaryReactor* DirectoryService::Mailbox(grpc::CallbackServerContext* context,
                                                    const v1::MailboxRequest* request,
                                                    v1::MailboxResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::mailbox, request->as_user()})) return refused;
  const auto pending = PendingCall::make(*context);
  const std::size_t limit = request->limit() != 0 ? request->limit() : k_default_shown_messages;
  std::vector<sip::messages::MessageName> take_away;
  std::string fault;
  if (limit > sip::messages::k_max_shown_messages)
    fault = "limit: at most " + std::to_string(sip::messages::k_max_shown_messages);
  else if (static_cast<std::size_t>(request->take_away_size()) > sip::messages::k_max_taken_away)
    fault = "take_away: at most " + std::to_string(sip::messages::k_max_taken_away);
  for (const auto& id : request->take_away()) {
    if (!fault.empty()) break;
    if (const auto name = sip::messages::MessageName::parse(id))
      take_away.push_back(*name);
    else
      fault = "take_away: " + id + " is no id of a message";
  }
  if (!fault.empty()) {
    pending->finish_once(refuse(fault));
    return pending.get();
  }
  peer_->status([peer = peer_, pending, as_user = request->as_user(), limit, take_away = std::move(take_away),
                 response](const actors::PeerStatus& status) {
    peer->mailbox(as_user.empty() ? status.user : as_user, limit, take_away,
                  [pending, response](const actors::MailboxResult& result) {
                    if (!pending->claim()) return;
                    if (const auto* failure = std::get_if<data::CallFailure>(&result))
                      return pending->Finish(status_of(*failure));
                    fill(*response, std::get<sip::messages::MailboxContents>(result));
                    pending->Finish(grpc::Status::OK);
                  });
  });
  return pending.get();
}

}  // namespace ringway::services
