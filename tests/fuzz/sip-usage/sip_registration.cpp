// What others register and write as addresses: nothing crashes the readers, and what they accept comes back
// from what is written. The same bytes are taken as a SipRegistration, an address, contact preferences and a
// gr.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/registration/gruu.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace {

using namespace ringway;

constexpr const char* k_overlay = "overlay.example.org";

void require(bool condition) {
  if (!condition) std::abort();
}

void take_registration(const SharedBytes& bytes) {
  const auto registration = wire::decode<sip::SipRegistration>(bytes);
  if (!registration) return;
  require(equal(wire::encode(*registration), bytes));
  const bool good = sip::check_registration(*registration, k_overlay).ok();
  sip::ResolutionSettings settings;
  settings.overlay_name = k_overlay;
  sip::Resolution resolution(settings, {}, "bob@overlay.example.org");
  const auto first = std::get<sip::FetchRegistrations>(resolution.take_outputs().at(0)).number;
  resolution.fetched(first, {{{}, copy_of(bytes), 60}});
  resolution.on_timer({sip::k_resolution_time.count()});
  require(resolution.done());
  // Whoever is accepted as a device can be written as a GRUU.
  if (good && resolution.result())
    for (const auto& device : resolution.result()->devices) require(sip::check_route(device.route).ok());
}

void take_text(std::string_view text) {
  if (const auto address = sip::read_address(text, k_overlay)) {
    const auto again = sip::read_address("sip:" + sip::escaped(address->aor), k_overlay);
    require(again && again->aor == address->aor);
  }
  if (const auto route = sip::read_gr(text)) {
    const auto again = sip::write_gr(*route);
    require(again && *again == text);
  }
  if (const auto preferences = sip::ContactPreferences::parse(text)) (void)preferences->scheme();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  take_registration(bytes);
  take_text(text_of(bytes.view()));
  return 0;
}
