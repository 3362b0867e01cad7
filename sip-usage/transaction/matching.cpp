#include "sip-usage/transaction/matching.hpp"

#include <initializer_list>
#include <string_view>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip {
namespace {

// No part has a line end, so that no two lists of parts are joined alike.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) {
    out += part;
    out += '\n';
  }
  return out;
}

// Branches are tokens, so they are compared without case (§7.3.1).
std::string key_by_branch(const Message& request, std::string_view method) {
  const Via& top = request.vias.front();
  return joined({"3261", lower_case(top.branch()), top.sent_by(), method});
}

std::string key_by_fields(const Message& request, std::string_view method, std::string_view to_tag) {
  return joined({"2543", request.request_uri().print(), request.from.tag(), to_tag, request.call_id,
                 std::to_string(request.cseq.number), request.vias.front().print(), method});
}

std::string key(const Message& request, std::string_view method) {
  return request.vias.front().has_transaction_id() ? key_by_branch(request, method)
                                                   : key_by_fields(request, method, request.to.tag());
}

}  // namespace

std::string client_key(const Message& request_or_response) {
  return joined({lower_case(request_or_response.vias.front().branch()), request_or_response.cseq.method});
}

std::string server_key(const Message& request) {
  const bool is_ack = request.method() == "ACK";
  if (!is_ack) return key(request, request.method());
  if (request.vias.front().has_transaction_id()) return key_by_branch(request, "INVITE");
  return key_by_fields(request, "ACK", request.to.tag());
}

std::optional<std::string> ack_key(const Message& invite, const Message& response) {
  if (invite.vias.front().has_transaction_id()) return std::nullopt;
  return key_by_fields(invite, "ACK", response.to.tag());
}

std::optional<std::string> merge_key(const Message& request) {
  if (!request.to.tag().empty()) return std::nullopt;
  return joined(
      {request.from.tag(), request.call_id, std::to_string(request.cseq.number), request.cseq.method});
}

std::string cancelled_key(const Message& cancel) { return key(cancel, "INVITE"); }

}  // namespace ringway::sip
