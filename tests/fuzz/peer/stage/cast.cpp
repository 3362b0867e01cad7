#include "tests/fuzz/peer/stage/cast.hpp"

#include "tests/fuzz/wire/check/check.hpp"

namespace ringway::fuzz {
namespace {

Role role(const test::TestAuthority& authority, std::uint8_t number, std::uint8_t place,
          const test::IssueOptions& options = {}) {
  Role out;
  out.user = "user" + std::to_string(number) + "@example.org";
  out.node = test::node_id(place);
  out.signer = authority.issue(out.user, out.node, options);
  out.address = {wire::AddressType::ipv4, {10, 0, 0, number}, config::k_default_bootstrap_port};
  return out;
}

config::KindDefinition limited(config::KindDefinition kind) {
  kind.max_count = 3;
  kind.max_size_bytes = 400;
  if (kind.access == config::AccessPolicy::node_multiple) kind.max_node_multiple = 3;
  return kind;
}

config::KindDefinition own_kind(KindId id, config::AccessPolicy access) {
  config::KindDefinition kind;
  kind.kind = id;
  kind.model = wire::DataModel::dictionary;
  kind.access = access;
  return kind;
}

Bytes document(const config::Configuration& values, const security::Signer& signer) {
  auto written = config::write_document(values, signer, signer);
  require(written.ok(), "a configuration cannot be written");
  return std::move(written).value();
}

Rules rules(const test::TestAuthority& authority, const Role& signer, bool large) {
  config::Configuration values;
  values.instance_name = authority.overlay_name();
  values.sequence = 7;
  values.no_ice = true;
  values.root_certificates_der = {authority.root_der()};
  values.max_message_size_bytes = large ? 200'000 : 16'000;
  values.chord_reactive = !large;
  values.configuration_signers = {signer.node};
  values.kind_signers = {signer.node};
  values.mandatory_extensions = {std::string(config::k_access_namespace)};
  for (const KindId id : {config::k_sip_registration, config::k_turn_service, config::k_certificate_by_node,
                          config::k_certificate_by_user})
    values.kinds.add(limited(*config::iana_kind(id)));
  values.kinds.add(limited(own_kind(config::k_owner_value, config::AccessPolicy::owner_path_match)));
  values.kinds.add(limited(own_kind(config::k_shared_value, config::AccessPolicy::shared_writer_match)));
  const auto present =
      config::parse_configuration(SharedBytes(document(values, *signer.signer)), values.instance_name);
  require(present.ok(), "a configuration is refused");
  ++values.sequence;
  return {*present, document(values, *signer.signer)};
}

Cast make() {
  const test::TestAuthority authority;
  test::IssueOptions two_nodes;
  two_nodes.more_nodes = {test::node_id(0xC8)};
  Cast out;
  out.peer = role(authority, 1, 0x80);
  out.neighbors = {role(authority, 2, 0x60), role(authority, 3, 0xA0), role(authority, 4, 0x20),
                   role(authority, 5, 0xC0, two_nodes)};
  out.usual = rules(authority, out.neighbors.back(), false);
  out.large = rules(authority, out.neighbors.back(), true);
  return out;
}

}  // namespace

const Cast& cast() {
  static const Cast all = make();
  return all;
}

}  // namespace ringway::fuzz
