#include "tests/support/signed_message.hpp"

namespace ringway::test {
namespace {

wire::StoredDataValue existing(wire::DataModel model, std::string_view text) {
  wire::StoredDataValue value;
  value.model = model;
  value.data = {true, SharedBytes(copy_of(view_of(text)))};
  return value;
}

}  // namespace

wire::StoredDataValue single_value(std::string_view text) { return existing(wire::DataModel::single, text); }

wire::StoredDataValue array_value(std::uint32_t index, std::string_view text) {
  auto value = existing(wire::DataModel::array, text);
  value.index = index;
  return value;
}

wire::StoredDataValue dictionary_value(std::string_view key, std::string_view text) {
  auto value = existing(wire::DataModel::dictionary, text);
  value.key = SharedBytes(copy_of(view_of(key)));
  return value;
}

wire::StoredData signed_value(const security::Signer& signer, const ResourceId& resource, KindId kind,
                              wire::StoredDataValue value, std::uint64_t storage_time_ms,
                              std::uint32_t lifetime_s) {
  wire::StoredData stored;
  stored.storage_time_ms = storage_time_ms;
  stored.lifetime_s = lifetime_s;
  stored.value_wire = SharedBytes(wire::encode(value));
  stored.signature = signer.sign(
      security::value_signature_input(resource, kind, storage_time_ms, value.model, stored.value_wire));
  stored.value = std::move(value);
  return stored;
}

wire::Message signed_message(const security::Signer& signer, wire::MessageCode code, const Bytes& body,
                             const std::vector<SharedBytes>& more_certificates_der,
                             std::string_view overlay_name) {
  wire::Message message;
  message.header.overlay = wire::overlay_hash(overlay_name);
  message.header.transaction_id = k_transaction;
  message.header.destination_list = {wire::to_node(signer.node_id())};
  message.contents.code = code;
  message.contents.body = SharedBytes(body);
  message.contents_wire = SharedBytes(wire::encode(message.contents));
  message.security = security::make_security_block(
      signer,
      security::message_signature_input(message.header.overlay, message.header.transaction_id,
                                        message.contents_wire),
      more_certificates_der);
  return message;
}

}  // namespace ringway::test
