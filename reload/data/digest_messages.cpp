#include "reload/data/digest_messages.hpp"

#include <algorithm>

#include "reload/wire/codec.hpp"
#include "reload/wire/vectors.hpp"

namespace ringway::data {

namespace {

using wire::Reader;
using wire::Writer;

enum class Type : std::uint8_t {
  digests_wanted = 1,
  digests = 2,
  list_wanted = 3,
  list = 4,
  not_answered = 5,
  mend_wanted = 6,
  mend_heard = 7,
};

RingId read_id(Reader& in) {
  const SharedBytes bytes = in.take(k_node_id_size_bytes);
  return bytes.size() == k_node_id_size_bytes ? ring_id_from(bytes) : RingId{};
}
void write_id(Writer& out, const RingId& id) { out.raw(id.view()); }

Span read_span(Reader& in) {
  const RingId after = read_id(in);
  return {after, read_id(in)};
}
void write_span(Writer& out, const Span& span) {
  write_id(out, span.after);
  write_id(out, span.up_to);
}

RangeDigest read_digest(Reader& in) {
  RangeDigest digest;
  digest.items = in.u64();
  digest.sum = read_id(in);
  return digest;
}
void write_digest(Writer& out, const RangeDigest& digest) {
  out.u64(digest.items);
  write_id(out, digest.sum);
}

KindAt read_at(Reader& in) {
  const ResourceId resource = as_resource(read_id(in));
  return {resource, in.u32()};
}
void write_at(Writer& out, const KindAt& at) {
  write_id(out, at.resource);
  out.u32(at.kind);
}

ListedItem read_item(Reader& in) {
  ListedItem item;
  item.key = in.opaque_copy(2);
  item.storage_time_ms = in.u64();
  item.version = read_id(in);
  return item;
}
void write_item(Writer& out, const ListedItem& item) {
  out.opaque(2, item.key);
  out.u64(item.storage_time_ms);
  write_id(out, item.version);
}

ListedKind read_kind(Reader& in) {
  ListedKind kind;
  kind.at = read_at(in);
  kind.generation_counter = in.u64();
  wire::read_vector(in, 3, kind.items, read_item);
  const auto before = [](const ListedItem& a, const ListedItem& b) { return a.key < b.key; };
  const auto& items = kind.items;
  if (items.empty() || std::adjacent_find(items.begin(), items.end(), [&](const auto& a, const auto& b) {
                         return !before(a, b);
                       }) != items.end())
    in.fail("a Kind without items, or with items out of order");
  return kind;
}
void write_kind(Writer& out, const ListedKind& kind) {
  write_at(out, kind.at);
  out.u64(kind.generation_counter);
  wire::write_vector(out, 3, kind.items, write_item);
}

void write_body(Writer& out, const DigestsWanted& m) {
  out.u8(static_cast<std::uint8_t>(Type::digests_wanted));
  out.u64(m.number);
  write_span(out, m.span);
  write_digest(out, m.own);
}
void write_body(Writer& out, const Digests& m) {
  out.u8(static_cast<std::uint8_t>(Type::digests));
  out.u64(m.number);
  wire::write_vector(out, 2, m.parts, write_digest);
}
void write_body(Writer& out, const ListWanted& m) {
  out.u8(static_cast<std::uint8_t>(Type::list_wanted));
  out.u64(m.number);
  write_span(out, m.span);
  out.boolean(m.behind.has_value());
  if (!m.behind) return;
  write_at(out, m.behind->at);
  out.opaque(2, m.behind->item);
}
void write_body(Writer& out, const List& m) {
  out.u8(static_cast<std::uint8_t>(Type::list));
  out.u64(m.number);
  out.boolean(m.complete);
  wire::write_vector(out, 3, m.kinds, write_kind);
}
void write_body(Writer& out, const NotAnswered& m) {
  out.u8(static_cast<std::uint8_t>(Type::not_answered));
  out.u64(m.number);
}
void write_body(Writer& out, const MendWanted& m) {
  out.u8(static_cast<std::uint8_t>(Type::mend_wanted));
  write_id(out, m.resource);
}
void write_body(Writer& out, const MendHeard& m) {
  out.u8(static_cast<std::uint8_t>(Type::mend_heard));
  write_id(out, m.resource);
}

DigestsWanted read_digests_wanted(Reader& in) {
  DigestsWanted m;
  m.number = in.u64();
  m.span = read_span(in);
  m.own = read_digest(in);
  if (split(m.span).empty()) in.fail("a span too narrow for digests");
  return m;
}
Digests read_digests(Reader& in) {
  Digests m;
  m.number = in.u64();
  wire::read_vector(in, 2, m.parts, read_digest);
  if (!m.parts.empty() && m.parts.size() != k_digest_parts) in.fail("another number of parts");
  return m;
}
ListWanted read_list_wanted(Reader& in) {
  ListWanted m;
  m.number = in.u64();
  m.span = read_span(in);
  if (!in.boolean()) return m;
  m.behind.emplace();
  m.behind->at = read_at(in);
  m.behind->item = in.opaque_copy(2);
  if (!in_half_open(m.behind->at.resource, m.span.after, m.span.up_to))
    in.fail("a position outside of its span");
  return m;
}
List read_list(Reader& in) {
  List m;
  m.number = in.u64();
  m.complete = in.boolean();
  wire::read_vector(in, 3, m.kinds, read_kind);
  if (!m.complete && m.kinds.empty()) in.fail("a list that does not go on");
  return m;
}

}  // namespace

Bytes encode(const DigestMessage& message) {
  Writer out;
  std::visit([&](const auto& m) { write_body(out, m); }, message);
  return out.take();
}

Result<DigestMessage> decode_digest_message(SharedBytes bytes) {
  Reader in(std::move(bytes));
  DigestMessage out;
  switch (static_cast<Type>(in.u8())) {
    case Type::digests_wanted:
      out = read_digests_wanted(in);
      break;
    case Type::digests:
      out = read_digests(in);
      break;
    case Type::list_wanted:
      out = read_list_wanted(in);
      break;
    case Type::list:
      out = read_list(in);
      break;
    case Type::not_answered:
      out = NotAnswered{in.u64()};
      break;
    case Type::mend_wanted:
      out = MendWanted{as_resource(read_id(in))};
      break;
    case Type::mend_heard:
      out = MendHeard{as_resource(read_id(in))};
      break;
    default:
      in.fail("a message of another type");
  }
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return in.failure();
  return out;
}

}  // namespace ringway::data
