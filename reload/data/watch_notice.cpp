#include "reload/data/watch_notice.hpp"

#include "reload/wire/codec.hpp"

namespace ringway::data {

namespace {

enum class Type : std::uint8_t { look_again = 1, values_changed = 2, seen = 3 };

constexpr int k_count_of_values = 4;
constexpr int k_certificate_size = 2;

void write(wire::Writer& out, const ValuesChanged& changed) {
  out.u32(changed.kind);
  out.u64(changed.generation);
  const std::size_t values = out.begin(k_count_of_values);
  for (const auto& value : changed.values) wire::write_stored_data(out, value);
  out.end(values, k_count_of_values);
  const std::size_t certificates = out.begin(k_count_of_values);
  for (const auto& certificate : changed.certificates) out.opaque(k_certificate_size, certificate.der);
  out.end(certificates, k_count_of_values);
}

ValuesChanged read_changed(wire::Reader& in, const wire::KindModels& kinds) {
  ValuesChanged changed;
  changed.kind = in.u32();
  changed.generation = in.u64();
  wire::DataModel model{};
  if (in.ok() && !kinds.model_of(changed.kind, model)) in.fail("values of a Kind that is not known");
  auto values = in.vector(k_count_of_values);
  while (values.more()) wire::read_stored_data(values, model, changed.values.emplace_back());
  in.finish(values);
  auto certificates = in.vector(k_count_of_values);
  while (certificates.more())
    changed.certificates.push_back({wire::CertificateType::x509, certificates.opaque(k_certificate_size)});
  in.finish(certificates);
  if (in.ok() && changed.values.empty()) in.fail("a change without values");
  return changed;
}

}  // namespace

Bytes encode_notice(const Notice& notice) {
  wire::Writer out;
  const auto* changed = std::get_if<ValuesChanged>(&notice.what);
  out.u8(static_cast<std::uint8_t>(changed == nullptr ? Type::look_again : Type::values_changed));
  out.raw(notice.resource.view());
  if (changed != nullptr) write(out, *changed);
  return out.take();
}

Bytes encode_numbered(std::uint64_t session, std::uint64_t number, BytesView notice) {
  wire::Writer out;
  out.reserve(16 + notice.size());
  out.u64(session);
  out.u64(number);
  out.raw(notice);
  return out.take();
}

Bytes encode_seen(const Seen& seen) {
  wire::Writer out;
  out.u64(seen.session);
  out.u64(seen.number);
  out.u8(static_cast<std::uint8_t>(Type::seen));
  return out.take();
}

Result<WatchMessage> decode_watch_message(const SharedBytes& message, const wire::KindModels& kinds) {
  wire::Reader in(message, &kinds);
  const Seen numbers{in.u64(), in.u64()};
  const auto type = static_cast<Type>(in.u8());
  WatchMessage out = numbers;
  if (type == Type::look_again || type == Type::values_changed) {
    NumberedNotice numbered{numbers.session, numbers.number, {}};
    const SharedBytes resource = in.take(k_node_id_size_bytes);
    if (in.ok()) numbered.notice.resource = as_resource(ring_id_from(resource));
    if (type == Type::values_changed) numbered.notice.what = read_changed(in, kinds);
    out = std::move(numbered);
  } else if (type != Type::seen) {
    in.fail("an unknown type of message");
  }
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return in.failure();
  return out;
}

}  // namespace ringway::data
