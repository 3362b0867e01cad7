#include "sip-usage/presence/answers.hpp"

#include "reload/bytes.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/registrar/answers.hpp"

namespace ringway::sip::presence {
namespace {

constexpr std::string_view k_pres_scheme = "pres";

}  // namespace

std::string new_tag(Random& random) {
  Bytes bits;
  const std::uint64_t drawn = random.next();
  for (unsigned shift = 0; shift < 64; shift += 8) bits.push_back(static_cast<std::uint8_t>(drawn >> shift));
  return to_hex(bits);
}

std::optional<Aor> user_of(const Uri& uri, std::string_view overlay_name) {
  const auto address =
      read_address(uri.scheme == k_pres_scheme ? "sip:" + uri.opaque : uri.print(), overlay_name);
  return address ? std::optional(address->aor) : std::nullopt;
}

std::optional<Message> refuse_early(const Message& request, std::string_view method, std::string_view tag) {
  Abilities abilities;
  abilities.is_proxy = false;
  abilities.schemes = {"sip", "sips", "tel", k_pres_scheme};
  abilities.methods = {method};
  if (auto refusal = sip::refuse_early(request, abilities, tag)) return refusal;
  const auto event = request.event();
  if (event && event->package == k_package) return std::nullopt;
  Message out = make_response(request, 489, tag);
  out.set_field("Allow-Events", std::string(k_package));
  return out;
}

Message refused(const Message& request, const registrar::Rejection& rejection, std::string_view tag) {
  Message out = registrar::refused(request, rejection, tag);
  if (rejection.status == 406 || rejection.status == 415) {
    out.set_field("Accept", std::string(k_document_type));
    if (request.field("Content-Encoding") != nullptr) out.set_field("Accept-Encoding", "identity");
  }
  return out;
}

}  // namespace ringway::sip::presence
