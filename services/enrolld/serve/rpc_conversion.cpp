#include "services/enrolld/serve/rpc_conversion.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "reload/link/link_id.hpp"
#include "services/enrolld/http/exchange.hpp"
#include "services/enrolld/http/url_encoding.hpp"
#include "services/enrolld/serve/certificates.hpp"

namespace ringway::enrolld {
namespace {

std::vector<SharedBytes> certificates_of(const grpc::AuthContext& auth) {
  const auto text = [&](const char* name) {
    const auto values = auth.FindPropertyValues(name);
    return values.empty() ? std::string_view()
                          : std::string_view(values.front().data(), values.front().size());
  };
  auto out = certificates_in(text(GRPC_X509_PEM_CERT_PROPERTY_NAME));
  if (out.size() != 1) return {};
  for (SharedBytes& der : certificates_in(text(GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME)))
    if (!equal(der, out.front())) out.push_back(std::move(der));
  return out;
}

grpc::StatusCode code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::bad_request:
    case Refusal::bad_csr:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case Refusal::wrong_proof:
      return grpc::StatusCode::UNAUTHENTICATED;
    case Refusal::name_not_available:
      return grpc::StatusCode::PERMISSION_DENIED;
    case Refusal::nodes_not_available:
    case Refusal::too_many:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Refusal::gone:
    case Refusal::not_found:
      return grpc::StatusCode::NOT_FOUND;
    case Refusal::not_proved_yet:
    case Refusal::closed:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case Refusal::unavailable:
      break;
  }
  return grpc::StatusCode::UNAVAILABLE;
}

std::string bytes_of(const Bytes& bytes) { return std::string(text_of(bytes)); }

}  // namespace

std::string source_of_peer(const std::string& peer) {
  const auto colon = peer.find(':');
  const auto text = enrolld_http::url_decoded(std::string_view(peer).substr(colon + 1));
  wire::IpAddressPort address;
  // Never with the port: each connection would be another source.
  if (!text || !link::parse_address(*text, address)) return "unknown";
  return enrolld_http::source_of(address);
}

Caller caller_of(const grpc::ServerContextBase& context, Door door) {
  if (door == Door::operators_socket) return {"operator.sock", {}};
  Caller caller{source_of_peer(context.peer()), {}};
  if (const auto auth = context.auth_context()) caller.certificates = certificates_of(*auth);
  return caller;
}

Result<NodeId> to_node(const std::string& hex) {
  Bytes bytes;
  if (!from_hex(hex, bytes) || bytes.size() != k_node_id_size_bytes)
    return Failure{"a Node-ID has 32 hexadecimal digits"};
  return as_node(ring_id_from(bytes));
}

Result<InvitationId> to_invitation_id(const std::string& hex) {
  Bytes bytes;
  InvitationId out{};
  if (!from_hex(hex, bytes) || bytes.size() != out.size())
    return Failure{"the id of an invitation has " + std::to_string(2 * out.size()) + " hexadecimal digits"};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// "1750000000000.0123456789abcdef".
Result<InvitationMark> to_invitation_mark(const std::string& page_token) {
  InvitationMark out;
  if (page_token.empty()) return out;
  const Failure wrong{"that is no page token"};
  const char* const end = page_token.data() + page_token.size();
  const auto [stopped, error] = std::from_chars(page_token.data(), end, out.made_ms);
  if (error != std::errc() || stopped == end || *stopped != '.' || out.made_ms > INT64_MAX) return wrong;
  const auto id = to_invitation_id(std::string(stopped + 1, end));
  if (!id) return wrong;
  out.id = *id;
  return out;
}

Result<BeginRequest> to_request(const v1::BeginRequest& message) {
  BeginRequest out;
  switch (message.proof()) {
    case v1::PROOF_MAIL:
      out.method = Method::mail;
      break;
    case v1::PROOF_INVITATION:
      out.method = Method::invitation;
      break;
    case v1::PROOF_PASSWORD:
      out.method = Method::password;
      break;
    case v1::PROOF_CERTIFICATE:
      out.method = Method::certificate;
      break;
    case v1::PROOF_TELEPHONE:
      out.method = Method::telephone;
      break;
    default:
      return Failure{"say how the name is to be proved: proof"};
  }
  out.user = message.user();
  out.csr = copy_of(view_of(message.csr()));
  out.secret = Secret(message.secret());
  out.label = message.label();
  if (message.nodes() > 0) out.node_count = message.nodes();
  if (message.replace_node().empty()) return out;
  const auto node = to_node(message.replace_node());
  if (!node) return node.error();
  out.replace = *node;
  return out;
}

v1::Proof to_proof(Method method) {
  switch (method) {
    case Method::mail:
      return v1::PROOF_MAIL;
    case Method::invitation:
      return v1::PROOF_INVITATION;
    case Method::password:
      return v1::PROOF_PASSWORD;
    case Method::certificate:
      return v1::PROOF_CERTIFICATE;
    case Method::telephone:
      break;
  }
  return v1::PROOF_TELEPHONE;
}

grpc::Status status_of(const Refused& refused, grpc::ServerContextBase& context) {
  const auto wait_s = (refused.retry_after.count() + 999) / 1000;
  if (wait_s > 0) context.AddTrailingMetadata(k_retry_metadata, std::to_string(wait_s));
  return {code_of(refused.refusal), refused.message};
}

void fill(v1::Certificate& message, Delivered delivered) {
  for (const Bytes& der : delivered.chain) message.add_chain(bytes_of(der));
  for (const NodeId& node : delivered.nodes) message.add_nodes(node.hex());
  message.set_not_after_ms(delivered.not_after_ms);
  message.set_configuration(bytes_of(delivered.configuration));
}

void fill(v1::BeginResponse& message, Begun begun) {
  if (begun.delivered) return fill(*message.mutable_certificate(), std::move(*begun.delivered));
  if (!begun.waiting) return;
  auto& pending = *message.mutable_pending();
  pending.set_enrolment(begun.waiting->enrolment);
  pending.set_instruction(begun.waiting->instruction);
  pending.set_expires_ms(begun.waiting->expires_ms);
}

void fill(v1::RevokeResponse& message, const RevokedNow& revoked) {
  for (const NodeId& node : revoked.nodes) message.add_nodes(node.hex());
  message.set_configuration_sequence(revoked.sequence);
}

void fill(v1::ListResponse& message, const Page& page) {
  for (const AccountListed& listed : page.accounts) {
    auto& account = *message.add_accounts();
    account.set_user(listed.account.user_name);
    account.set_created_ms(listed.account.made_ms);
    for (const Device& from : listed.devices) {
      // One for each Node-ID: that is what is revoked.
      for (const NodeId& node : from.nodes) {
        auto& device = *account.add_devices();
        device.set_node(node.hex());
        device.set_label(from.label);
        device.set_issued_ms(from.certificate.issued_ms);
        device.set_not_after_ms(from.certificate.expires_ms);
        device.set_revoked_ms(from.revoked_ms.value_or(0));
        device.set_shut_out(page.shut_out.contains(node));
      }
    }
  }
  if (page.next > 0) message.set_next_page_token(std::to_string(page.next));
}

void fill(v1::InviteResponse& message, const Invited& invited) {
  message.set_token(std::string(invited.token.reveal()));
  message.set_id(to_hex(invited.id));
  message.set_expires_ms(invited.expires_ms);
}

void fill(v1::ListInvitationsResponse& message, const InvitationPage& page) {
  for (const Invitation& from : page.invitations) {
    auto& out = *message.add_invitations();
    out.set_id(to_hex(id_of(from.token)));
    out.set_user(from.user_name.value_or(""));
    out.set_uses_left(from.uses_left);
    out.set_made_ms(from.made_ms);
    out.set_expires_ms(from.expires_ms);
  }
  if (page.next)
    message.set_next_page_token(std::to_string(page.next->made_ms) + "." + to_hex(page.next->id));
}

void fill(v1::StatisticsResponse& message, const Measures& measures) {
  for (const Measure& measure : measures.counters) {
    auto& out = *message.add_counters();
    out.set_name(measure.name);
    out.set_value(measure.value);
  }
  for (const Measure& measure : measures.gauges) {
    auto& out = *message.add_gauges();
    out.set_name(measure.name);
    out.set_value(measure.value);
  }
}

}  // namespace ringway::enrolld
