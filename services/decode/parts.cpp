#include "services/decode/parts.hpp"

#include <string>

#include "reload/link/link_id.hpp"
#include "reload/security/certificate.hpp"
#include "services/decode/names.hpp"

namespace ringway::services {
namespace {

Json number_as_hex(std::uint64_t number, int size_bytes) {
  wire::Writer writer;
  if (size_bytes == 2) writer.u16(static_cast<std::uint16_t>(number));
  if (size_bytes == 4) writer.u32(static_cast<std::uint32_t>(number));
  if (size_bytes == 8) writer.u64(number);
  return hex(writer.bytes());
}

struct DestinationToJson {
  Json operator()(const wire::NodeDestination& node) const {
    return {{"type", name_of_destination(wire::DestinationType::node)},
            {"length", k_node_id_size_bytes},
            {"node_id", node.node.hex()}};
  }
  Json operator()(const wire::ResourceDestination& resource) const {
    return {{"type", name_of_destination(wire::DestinationType::resource)},
            {"length", resource.id.size() + 1},
            {"resource_id", hex(resource.id)}};
  }
  Json operator()(const wire::OpaqueDestination& opaque) const {
    return {{"type", name_of_destination(wire::DestinationType::opaque)},
            {"length", opaque.id.size() + 1},
            {"opaque_id", hex(opaque.id)}};
  }
  Json operator()(const wire::CompressedDestination& compressed) const {
    return {{"opaque_id", number_as_hex(compressed.id, 2)}};
  }
  Json operator()(const wire::UnknownDestination& unknown) const {
    return {{"type", unknown.type}, {"length", unknown.data.size()}, {"destination_data", hex(unknown.data)}};
  }
};

Json identity_json(const wire::SignerIdentity& identity) {
  Json out{{"identity_type", name_of_identity(identity.type)}};
  if (identity.type == wire::SignerIdentityType::none) {
    out["length"] = 0;
    return out;
  }
  const bool with_node = identity.type == wire::SignerIdentityType::cert_hash_node_id;
  out["length"] = identity.digest.size() + 2;
  out["hash_alg"] = name_of_hash(identity.hash);
  out[with_node ? "certificate_node_id_hash" : "certificate_hash"] = hex(identity.digest);
  return out;
}

// What the certificate says, as a help to the reader; whether it is to be believed is --verify's question.
Json certificate_json(const wire::GenericCertificate& certificate) {
  Json out{{"type", name_of_certificate(certificate.type)}, {"certificate", hex(certificate.der)}};
  if (const auto parsed = security::Certificate::parse(certificate.der)) {
    const auto& content = **parsed;
    out["node_ids"] = to_json(content.node_ids());
    out["user_name"] = text_or_hex(view_of(content.user_name()));
    out["overlay_name"] = text_or_hex(view_of(content.overlay_name()));
  }
  return out;
}

Json option_json(const wire::ForwardingOption& option) {
  return {{"type", option.type},
          {"flags", option.flags},
          {"length", option.value.size()},
          {"value", hex(option.value)}};
}

}  // namespace

Json to_json(const wire::Destination& destination) { return std::visit(DestinationToJson{}, destination); }

Json to_json(const wire::DestinationList& list) {
  Json out = Json::array();
  for (const auto& entry : list) out.push_back(to_json(entry));
  return out;
}

Json to_json(const std::vector<NodeId>& nodes) {
  Json out = Json::array();
  for (const auto& node : nodes) out.push_back(node.hex());
  return out;
}

Json to_json(const wire::IpAddressPort& address) {
  const bool v6 = address.type == wire::AddressType::ipv6;
  std::string text = link::to_text(address);
  text.erase(text.rfind(':'));  // the port
  if (v6) text = text.substr(1, text.size() - 2);
  return {{"type", name_of_address(address.type)},
          {"length", v6 ? 18 : 6},
          {v6 ? "v6addr_port" : "v4addr_port", {{"addr", text}, {"port", address.port}}}};
}

Json to_json(const wire::Signature& signature) {
  return {{"algorithm",
           {{"hash", name_of_hash(signature.hash)}, {"signature", name_of_signature(signature.algorithm)}}},
          {"identity", identity_json(signature.identity)},
          {"signature_value", hex(signature.value)}};
}

Json to_json(const wire::SecurityBlock& block) {
  Json certificates = Json::array();
  for (const auto& certificate : block.certificates) certificates.push_back(certificate_json(certificate));
  return {{"certificates", std::move(certificates)}, {"signature", to_json(block.signature)}};
}

Json to_json(const wire::ForwardingHeader& header) {
  std::size_t options_length = 0;
  Json options = Json::array();
  for (const auto& option : header.options) {
    options_length += 4 + option.value.size();
    options.push_back(option_json(option));
  }
  return {{"relo_token", number_as_hex(wire::k_reload_token, 4)},
          {"overlay", number_as_hex(header.overlay, 4)},
          {"configuration_sequence", header.configuration_sequence},
          {"version", header.version},
          {"ttl", header.ttl},
          {"fragment", number_as_hex(header.fragment, 4)},
          {"length", header.length},
          {"transaction_id", number_as_hex(header.transaction_id, 8)},
          {"max_response_length", header.max_response_length},
          {"via_list_length", wire::encode(header.via_list).size()},
          {"destination_list_length", wire::encode(header.destination_list).size()},
          {"options_length", options_length},
          {"via_list", to_json(header.via_list)},
          {"destination_list", to_json(header.destination_list)},
          {"options", std::move(options)}};
}

Json to_json(const std::vector<wire::MessageExtension>& extensions) {
  Json out = Json::array();
  for (const auto& extension : extensions) {
    out.push_back({{"type", extension.type},
                   {"critical", extension.critical},
                   {"extension_contents", hex(extension.contents)}});
  }
  return out;
}

}  // namespace ringway::services
