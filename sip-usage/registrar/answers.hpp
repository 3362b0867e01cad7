// The registrar's answers as messages: RFC 3261 §10.3 step 8 with RFC 3327, RFC 3608, RFC 5626 §6 and
// RFC 5627 §5.2.
#pragma once

#include <string_view>

#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registrar/binding.hpp"
#include "sip-usage/registrar/contact_update.hpp"
#include "sip-usage/registrar/device_gruus.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

struct AnswerTo {
  const Message& request;
  const Aor& aor;
  bool uses_outbound = false;
};

// 200, with all bindings of the user as they are now.
Message accepted(const AnswerTo& to, const BindingList& bindings, Now now, const Settings& settings,
                 DeviceGruus& gruus, std::string_view tag);
Message refused(const Message& request, const Rejection& rejection, std::string_view tag);

}  // namespace ringway::sip::registrar
