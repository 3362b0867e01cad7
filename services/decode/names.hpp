// Numbers of the registries as the RFC names them; a number without a name stays a number.
#pragma once

#include "reload/config/kinds.hpp"
#include "reload/wire/codes.hpp"
#include "services/decode/json.hpp"

namespace ringway::services {

Json name_of_address(wire::AddressType type);
Json name_of_destination(wire::DestinationType type);
Json name_of_link(wire::OverlayLinkType type);
Json name_of_candidate(wire::CandidateType type);
Json name_of_identity(wire::SignerIdentityType type);
Json name_of_certificate(wire::CertificateType type);
Json name_of_hash(wire::HashAlgorithm algorithm);
Json name_of_signature(wire::SignatureAlgorithm algorithm);
Json name_of_update(wire::ChordUpdateType type);
Json name_of_leave(wire::ChordLeaveType type);
Json name_of_config_update(wire::ConfigUpdateType type);
Json name_of_probe(wire::ProbeInformationType type);

// "SIP-REGISTRATION", "RINGWAY-OWNER-VALUE"; empty when the Kind has no name.
std::string name_of_kind(KindId kind);
// The Kinds that need no configuration document: IANA's, and Ringway's own.
config::Kinds well_known_kinds();

}  // namespace ringway::services
