// The overlay's configuration document: read, adopted, and made again when other nodes are to be shut out
// (RFC 6940 §11.1, bad-node).
#include <algorithm>

#include "services/enrolld/registrar/document_room.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr int k_most_rounds = 16;  // other servers publish at the same time

std::uint16_t sequence_after(std::uint16_t sequence) {
  return sequence == config::k_max_sequence ? std::uint16_t{0} : static_cast<std::uint16_t>(sequence + 1);
}

// What an operator changes with update-config, besides the bad-nodes.
std::string differences(const config::Configuration& late, const config::Configuration& newest) {
  std::string out;
  const auto say = [&](bool differs, const char* what) {
    if (differs) out += out.empty() ? what : std::string(", ") + what;
  };
  const auto same_roots = [&] {
    return std::equal(late.root_certificates_der.begin(), late.root_certificates_der.end(),
                      newest.root_certificates_der.begin(), newest.root_certificates_der.end(),
                      [](const SharedBytes& a, const SharedBytes& b) { return equal(a, b); });
  };
  say(late.bootstrap_nodes != newest.bootstrap_nodes, "bootstrap nodes");
  say(late.enrollment_servers != newest.enrollment_servers, "enrollment servers");
  say(late.expiration_ms != newest.expiration_ms, "expiration");
  say(!same_roots(), "root certificates");
  say(late.max_message_size_bytes != newest.max_message_size_bytes, "max-message-size");
  say(late.replicas != newest.replicas, "replicas");
  return out;
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

Answer<Registrar::Newest> Registrar::newest_parsed() {
  auto newest = tools_.records.newest_document();
  if (!newest) return trouble(newest.error());
  if (!*newest) return trouble({"no configuration document was ever published", 0});
  auto parsed = config::parse_configuration(SharedBytes((*newest)->bytes), tools_.authority.overlay_name());
  if (!parsed) return trouble(parsed.error());
  return Newest{std::move(**newest), std::move(*parsed)};
}

// Bad-nodes that came into the newest document after the folder's last: two updates in a row make one that is
// newer than what was published between them. What the folder had, and an operator took out, is not kept.
Result<std::set<NodeId>> Registrar::not_to_be_lost(const Document& newest, const Bytes& made_after) {
  const std::string& overlay = tools_.authority.overlay_name();
  const auto current = config::parse_configuration(SharedBytes(newest.bytes), overlay);
  if (!current) return current.error();
  // After a start nobody knows what the folder had before: then all of them stay.
  if (made_after.empty()) return (*current)->bad_nodes;
  const auto before = config::parse_configuration(SharedBytes(made_after), overlay);
  if (!before) return before.error();
  std::set<NodeId> out = (*current)->bad_nodes;
  for (const NodeId& node : (*before)->bad_nodes) out.erase(node);
  return out;
}

// Nothing is signed for longer than the signer holds: its certificate may have been renewed, with a longer
// document, after this server was started.
Result<Bytes> Registrar::signed_document(config::Configuration& next) {
  const auto& signer = *settings_.document_signer;
  const WallMs end_ms = signer.certificate()->not_after_ms();
  next.expiration_ms = std::min(next.expiration_ms.value_or(end_ms), end_ms);
  return config::write_document(next, signer, signer);
}

// What is published after the newest when `made` is newer: itself, or the next one, that lacks nobody.
Answer<Document> Registrar::following(const config::Configuration& made, const Bytes& bytes,
                                      const Document& newest, const Bytes& made_after, WallMs now_ms) {
  auto named = not_to_be_lost(newest, made_after);
  if (!named) return trouble(named.error());
  named->insert(made.bad_nodes.begin(), made.bad_nodes.end());
  auto bad_nodes = nodes_to_shut_out(*named, now_ms);
  if (!bad_nodes) return trouble(bad_nodes.error());
  config::Configuration next = made;
  Document out{0, made.sequence, bytes, now_ms};
  if (*bad_nodes != made.bad_nodes) {
    next.bad_nodes = std::move(*bad_nodes);
    out.sequence = next.sequence = sequence_after(made.sequence);
    auto written = signed_document(next);
    if (!written) return trouble(written.error());
    out.bytes = std::move(*written);
  }
  if (auto good = check_length(out.bytes.size(), next, newest.bytes.size()); !good) return good.error();
  return out;
}

Answer<Adopted> Registrar::adopt_document(Bytes bytes, const Caller& caller, WallMs now_ms,
                                          const Bytes& made_after) {
  const auto parsed = config::parse_configuration(SharedBytes(bytes), tools_.authority.overlay_name());
  if (!parsed) return trouble(parsed.error());
  // Anyone may fetch what is published here, and could then join (RFC 6940 §14.16).
  if ((*parsed)->shared_secret)
    return trouble({"a document with a shared secret is confidential: it is handed over, not served", 0});
  for (int round = 0; round < k_most_rounds; ++round) {
    const auto newest = tools_.records.newest_document();
    if (!newest) return trouble(newest.error());
    const auto& current = *newest;
    if (current && !config::sequence_newer((*parsed)->sequence, current->sequence)) {
      const auto known = tools_.records.was_published(bytes);
      if (!known) return trouble(known.error());
      if (*known) return Adopted{};
      return supersede(**parsed, *current, caller.source, now_ms);
    }
    // The first is all that there is: it is taken as it is.
    Document next{0, (*parsed)->sequence, bytes, now_ms};
    if (current) {
      auto found = following(**parsed, bytes, *current, made_after, now_ms);
      if (!found) return found.error();
      next = std::move(*found);
    }
    const auto published = tools_.records.publish(next, current ? current->position : 0, caller.source);
    if (!published) return trouble(published.error());
    if (*published) {
      tally_.count(Event::document_published);
      return Adopted{};
    }
  }
  return trouble({"other servers keep publishing documents", 0});
}

// Another document came first, and this one, made beside it, has its number or an older one.
Answer<Adopted> Registrar::supersede(const config::Configuration& late, const Document& newest,
                                     const std::string& source, WallMs now_ms) {
  const auto parsed = config::parse_configuration(SharedBytes(newest.bytes), tools_.authority.overlay_name());
  if (!parsed) return trouble(parsed.error());
  if (const auto done = publish_next(late.bad_nodes, source, now_ms); !done) return done.error();
  tally_.count(Event::document_superseded);
  Adopted out{true, {}, differences(late, **parsed)};
  const auto after = newest_parsed();
  if (!after) return after.error();
  for (const NodeId& node : late.bad_nodes)
    if (!(*parsed)->bad_nodes.contains(node) && after->parsed->bad_nodes.contains(node))
      out.rescued.insert(node);
  if (!out.lost.empty()) tally_.count(Event::document_changes_lost);
  return out;
}

// Those that an operator has written into the document stay; those that were revoked here are in it until the
// last certificate for them has expired.
Result<std::set<NodeId>> Registrar::nodes_to_shut_out(const std::set<NodeId>& named, WallMs now_ms) {
  std::set<NodeId> out;
  const auto revoked = tools_.records.revoked_nodes(now_ms);
  if (!revoked) return revoked.error();
  for (const RevokedNode& node : *revoked) out.insert(node.node);
  for (const NodeId& node : named) {
    if (out.contains(node)) continue;
    const auto device = tools_.records.find_device(node);
    if (!device) return device.error();
    if (!*device || !(*device)->revoked_ms) out.insert(node);
  }
  // Without its signer nothing could follow the document any more.
  out.erase(settings_.document_signer->node_id());
  return out;
}

// One that has become shorter, though not by enough, is better than the one before it.
Answer<Done> Registrar::check_length(std::size_t bytes, const config::Configuration& next,
                                     std::size_t before) {
  const std::size_t most = most_document_bytes(next);
  if (bytes <= most || bytes < before) return Done{};
  auto full = refused(Event::document_too_long, Refusal::unavailable,
                      "the configuration document has no room for this: it would not fit into a message");
  full.detail += ": " + std::to_string(bytes) + " bytes with " + std::to_string(next.bad_nodes.size()) +
                 " bad-nodes, of " + std::to_string(most) +
                 " at most: a larger max-message-size, or certificates that end sooner, are needed";
  return full;
}

Answer<std::uint16_t> Registrar::publish_next(const std::set<NodeId>& more, const std::string& source,
                                              WallMs now_ms) {
  for (int round = 0; round < k_most_rounds; ++round) {
    const auto newest = newest_parsed();
    if (!newest) return newest.error();
    const auto& [current, parsed] = *newest;
    std::set<NodeId> named = parsed->bad_nodes;
    named.insert(more.begin(), more.end());
    auto bad_nodes = nodes_to_shut_out(named, now_ms);
    if (!bad_nodes) return trouble(bad_nodes.error());
    if (*bad_nodes == parsed->bad_nodes) return current.sequence;
    config::Configuration next = *parsed;
    next.bad_nodes = std::move(*bad_nodes);
    next.sequence = sequence_after(next.sequence);
    auto bytes = signed_document(next);
    if (!bytes) return trouble(bytes.error());
    if (auto good = check_length(bytes->size(), next, current.bytes.size()); !good) return good.error();
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

Answer<std::uint16_t> Registrar::refresh_document(const std::string& source, WallMs now_ms) {
  return publish_next({}, source, now_ms);
}

Answer<std::uint16_t> Registrar::gather_document(const std::string& source, WallMs now_ms) {
  const auto newest = tools_.records.newest_document();
  if (!newest) return trouble(newest.error());
  // A document of the future is one of a server whose clock is ahead: nobody waits for that.
  const auto gather_ms = static_cast<WallMs>(settings_.gather_for.count());
  if (*newest && (*newest)->published_ms <= now_ms && now_ms - (*newest)->published_ms < gather_ms)
    return (*newest)->sequence;
  return publish_next({}, source, now_ms);
}

}  // namespace ringway::enrolld
