#include "sip-usage/registration/gruu.hpp"

#include <algorithm>

#include "reload/config/base64.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip {

Result<std::string> write_gr(const wire::DestinationList& destinations) {
  if (auto good = check_route(destinations); !good) return good.error();
  auto bytes = wire::encode_checked(destinations);
  if (!bytes) return bytes.error();
  std::string text = config::to_base64(*bytes);
  if (text.size() > k_max_gr_bytes)
    return Failure{"a route of more than " + std::to_string(k_max_gr_bytes) + " characters"};
  std::replace(text.begin(), text.end(), '=', '~');
  return text;
}

Result<wire::DestinationList> read_gr(std::string_view gr) {
  // White space, which the decoder skips, and "=", which "~" stands for, have no place in it.
  const auto foreign = [](char c) { return c <= ' ' || c == '='; };
  if (gr.size() > k_max_gr_bytes || std::any_of(gr.begin(), gr.end(), foreign))
    return Failure{"a gr that is no base64"};
  std::string text(gr);
  std::replace(text.begin(), text.end(), '~', '=');
  Bytes bytes;
  if (!config::from_base64(text, bytes)) return Failure{"a gr that is no base64"};
  auto destinations = wire::decode<wire::DestinationList>(SharedBytes(std::move(bytes)));
  if (!destinations) return destinations;
  if (auto good = check_route(*destinations); !good) return good.error();
  return destinations;
}

Result<std::string> make_gruu(const Aor& aor, const wire::DestinationList& destinations) {
  auto gr = write_gr(destinations);
  if (!gr) return gr;
  return escaped(aor) + ";gr=" + *gr;
}

Result<std::string> make_anonymous_gruu(std::string_view overlay_name,
                                        const wire::DestinationList& destinations, const Compress& compress) {
  const auto shown = compress(destinations);
  if (!shown) return Failure{"no room for another compressed list"};
  for (const wire::Destination& hidden : destinations) {
    if (std::find(shown->begin(), shown->end(), hidden) != shown->end())
      return Failure{"the compressed list shows what it should hide"};
  }
  auto aor = Aor::of_uri_parts(k_anonymous_user, overlay_name);
  if (!aor) return aor.error();
  return make_gruu(*aor, *shown);
}

}  // namespace ringway::sip
