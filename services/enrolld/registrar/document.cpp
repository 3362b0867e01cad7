// The overlay's configuration document: read, adopted, and made again when other nodes are to be shut out
// (RFC 6940 §11.1, bad-node).
#include <algorithm>

#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr int k_most_rounds = 16;  // other servers publish at the same time

std::uint16_t sequence_after(std::uint16_t sequence) {
  return sequence == config::k_max_sequence ? std::uint16_t{0} : static_cast<std::uint16_t>(sequence + 1);
}

}  // namespace

Result<bool> shut_out_by_document(Records& records, const std::string& overlay_name,
                                  const security::Certificate& certificate) {
  const auto newest = records.newest_document();
  if (!newest) return newest.error();
  if (!*newest) return false;
  const auto parsed = config::parse_configuration(SharedBytes((*newest)->bytes), overlay_name);
  if (!parsed) return parsed.error();
  return (*parsed)->is_revoked(certificate);
}

Result<bool> Registrar::is_shut_out(const security::Certificate& certificate) {
  return shut_out_by_document(tools_.records, tools_.authority.overlay_name(), certificate);
}

Answer<Document> Registrar::document() {
  auto newest = tools_.records.newest_document();
  if (!newest) return trouble(newest.error());
  return std::move(*newest).value_or(Document{});
}

Answer<Done> Registrar::adopt_document(Bytes bytes, const Caller& caller, WallMs now_ms) {
  const auto parsed = config::parse_configuration(SharedBytes(bytes), tools_.authority.overlay_name());
  if (!parsed) return trouble(parsed.error());
  // Anyone may fetch what is published here, and could then join (RFC 6940 §14.16).
  if ((*parsed)->shared_secret)
    return trouble({"a document with a shared secret is confidential: it is handed over, not served", 0});
  for (int round = 0; round < k_most_rounds; ++round) {
    const auto newest = tools_.records.newest_document();
    if (!newest) return trouble(newest.error());
    const auto& current = *newest;
    if (current && !config::sequence_newer((*parsed)->sequence, current->sequence)) return Done{};
    const Document next{0, (*parsed)->sequence, bytes, now_ms};
    const auto published = tools_.records.publish(next, current ? current->position : 0, caller.source);
    if (!published) return trouble(published.error());
    if (*published) {
      tally_.count(Event::document_published);
      return Done{};
    }
  }
  return trouble({"other servers keep publishing documents", 0});
}

// Those that an operator has written into the document stay; those that were revoked here are in it until the
// last certificate for them has expired.
Result<std::set<NodeId>> Registrar::nodes_to_shut_out(const config::Configuration& current, WallMs now_ms) {
  std::set<NodeId> out;
  for (const NodeId& node : current.bad_nodes) {
    const auto device = tools_.records.find_device(node);
    if (!device) return device.error();
    if (!*device || !(*device)->revoked_ms) out.insert(node);
  }
  const auto revoked = tools_.records.revoked_nodes(now_ms);
  if (!revoked) return revoked.error();
  for (const RevokedNode& node : *revoked) out.insert(node.node);
  return out;
}

Answer<std::uint16_t> Registrar::refresh_document(const std::string& source, WallMs now_ms) {
  for (int round = 0; round < k_most_rounds; ++round) {
    const auto newest = tools_.records.newest_document();
    if (!newest) return trouble(newest.error());
    if (!*newest) return trouble({"no configuration document was ever published", 0});
    const Document& current = **newest;
    const auto parsed =
        config::parse_configuration(SharedBytes(current.bytes), tools_.authority.overlay_name());
    if (!parsed) return trouble(parsed.error());
    auto bad_nodes = nodes_to_shut_out(**parsed, now_ms);
    if (!bad_nodes) return trouble(bad_nodes.error());
    // Without its signer nothing could follow it any more.
    bad_nodes->erase(settings_.document_signer->node_id());
    if (*bad_nodes == (*parsed)->bad_nodes) return current.sequence;
    config::Configuration next = **parsed;
    next.bad_nodes = std::move(*bad_nodes);
    next.sequence = sequence_after(next.sequence);
    auto bytes = config::write_document(next, *settings_.document_signer, *settings_.document_signer);
    if (!bytes) return trouble(bytes.error());
    const auto published =
        tools_.records.publish({0, next.sequence, std::move(*bytes), now_ms}, current.position, source);
    if (!published) return trouble(published.error());
    if (*published) {
      tally_.count(Event::document_published);
      return next.sequence;
    }
  }
  return trouble({"other servers keep publishing documents", 0});
}

}  // namespace ringway::enrolld
