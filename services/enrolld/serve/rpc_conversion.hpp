// Between the gRPC contract's messages and the Registrar's values.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "ringway/v1/enrollment.pb.h"
#include "services/enrolld/registrar/registrar_types.hpp"
#include "services/enrolld/serve/desk.hpp"

namespace ringway::enrolld {

// Trailing metadata of a refusal that may be another answer later: seconds.
inline constexpr const char* k_retry_metadata = "retry-after-s";

// gRPC's text of an address, "ipv4:192.0.2.1:5" or "ipv6:[2001:db8::1]:5" (the brackets may be encoded), as
// limits count it: without the port, an IPv6 one by its /64. All that cannot be read are one source.
std::string source_of_peer(const std::string& peer);

// Who asks: its address, and what it showed in the TLS handshake.
Caller caller_of(const grpc::ServerContextBase& context, Door door);

// Refuses what is no proof or no Node-ID.
Result<BeginRequest> to_request(const v1::BeginRequest& message);
Result<NodeId> to_node(const std::string& hex);
Result<InvitationId> to_invitation_id(const std::string& hex);
// As an answer before has given it; empty: from the first.
Result<InvitationMark> to_invitation_mark(const std::string& page_token);
v1::Proof to_proof(Method method);

grpc::Status status_of(const Refused& refused, grpc::ServerContextBase& context);
void fill(v1::Certificate& message, Delivered delivered);
void fill(v1::BeginResponse& message, Begun begun);
void fill(v1::RevokeResponse& message, const RevokedNow& revoked);
void fill(v1::ListResponse& message, const Page& page);
void fill(v1::InviteResponse& message, const Invited& invited);
void fill(v1::ListInvitationsResponse& message, const InvitationPage& page);
void fill(v1::StatisticsResponse& message, const Measures& measures);

}  // namespace ringway::enrolld
