#include "sip-usage/registrar/kept_bindings.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "reload/wire/codec.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {
namespace {

constexpr std::uint8_t k_version = 1;

bool outlives_restart(const Binding& each) { return each.ends || !each.flow || each.has_true_address; }

// Wall clock: the monotonic one begins anew with the machine.
WallMs wall_of(MonoTime at, Now now) {
  const auto ms = static_cast<std::int64_t>(now.wall_ms) + (at - now.mono).count();
  return static_cast<WallMs>(std::max<std::int64_t>(ms, 0));
}
MonoTime mono_of(WallMs at_ms, Now now) {
  return now.mono + Duration{static_cast<std::int64_t>(at_ms) - static_cast<std::int64_t>(now.wall_ms)};
}

void write_text(wire::Writer& out, const std::string& text) { out.opaque(2, view_of(text)); }
std::string read_text(wire::Reader& in) {
  const Bytes octets = in.opaque_copy(2);
  return {octets.begin(), octets.end()};
}

NameAddr read_name(wire::Reader& in) {
  const std::string text = read_text(in);
  if (!in.ok()) return {};
  auto name = NameAddr::parse(text);
  if (!name) in.fail("not the address of a phone");
  return name ? *std::move(name) : NameAddr{};
}

void write_ends(wire::Writer& out, const std::optional<DatagramEnds>& ends) {
  out.boolean(ends.has_value());
  if (!ends) return;
  write_text(out, ends->local_address);
  out.u16(ends->local_port);
  write_text(out, ends->remote_address);
  out.u16(ends->remote_port);
}
std::optional<DatagramEnds> read_ends(wire::Reader& in) {
  if (!in.boolean()) return std::nullopt;
  DatagramEnds out;
  out.local_address = read_text(in);
  out.local_port = in.u16();
  out.remote_address = read_text(in);
  out.remote_port = in.u16();
  return out;
}

void write_binding(wire::Writer& out, const Binding& binding, Now now) {
  write_text(out, binding.contact.print());
  write_ends(out, binding.ends);
  out.boolean(binding.has_true_address);
  out.boolean(binding.listens_at_contact);
  write_text(out, binding.instance);
  out.u32(binding.reg_id);
  write_text(out, binding.call_id);
  out.u32(binding.cseq);
  out.u8(static_cast<std::uint8_t>(binding.path.size()));
  for (const NameAddr& each : binding.path) write_text(out, each.print());
  out.u64(wall_of(binding.updated_at, now));
  out.u64(wall_of(binding.expires_at, now));
}

Binding read_binding(wire::Reader& in, Now now, std::uint32_t max_expires_s) {
  Binding out;
  out.contact = read_name(in);
  out.ends = read_ends(in);
  out.has_true_address = in.boolean();
  out.listens_at_contact = in.boolean();
  out.instance = read_text(in);
  out.reg_id = in.u32();
  out.call_id = read_text(in);
  out.cseq = in.u32();
  const std::size_t paths = in.u8();
  if (paths > k_max_paths) in.fail("too many Path entries");
  for (std::size_t i = 0; in.ok() && i < paths; ++i) out.path.push_back(read_name(in));
  // Nothing was said later than now.
  out.updated_at = std::min(mono_of(in.u64(), now), now.mono);
  out.expires_at = std::min(mono_of(in.u64(), now), now.mono + std::chrono::seconds(max_expires_s));
  return out;
}

}  // namespace

Bytes encode_bindings(const BindingList& bindings, Now now) {
  const auto count = std::count_if(bindings.begin(), bindings.end(), outlives_restart);
  if (count == 0) return {};
  wire::Writer out;
  out.u8(k_version);
  out.u8(static_cast<std::uint8_t>(count));
  for (const Binding& each : bindings)
    if (outlives_restart(each)) write_binding(out, each, now);
  return out.take();
}

Result<BindingList> decode_bindings(SharedBytes octets, Now now, std::uint32_t max_expires_s) {
  wire::Reader in(std::move(octets));
  if (in.u8() != k_version) in.fail("another version of a user's bindings");
  const std::size_t count = in.u8();
  if (count > k_max_bindings_of_user) in.fail("too many bindings");
  BindingList out;
  for (std::size_t i = 0; in.ok() && i < count; ++i) out.push_back(read_binding(in, now, max_expires_s));
  if (in.more()) in.fail("more than a user's bindings");
  if (!in.ok()) return in.failure();
  drop_expired(out, now.mono);
  return out;
}

}  // namespace ringway::sip::registrar
