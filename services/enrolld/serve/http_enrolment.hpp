// The certificate request of RFC 6940 §11.3 as a call to the Registrar.
//
// The RFC's form has a user name and a password, and one answer. What stands in the password says how the
// name is proved: an invitation, a password, or nothing, and then the client's certificate proves it, or a
// mail goes out (to a telephone number: a call). Such a request is refused with failed_authentication, since
// nothing is proved yet, and the header Ringway-Enrolment of the refusal names the enrolment: with it in a
// field `enrolment` the same request is made again once the link has been followed, or with the code as the
// password.
#pragma once

#include "services/enrolld/http/message.hpp"
#include "services/enrolld/serve/desk.hpp"

namespace ringway::enrolld {

inline constexpr const char* k_enrolment_header = "Ringway-Enrolment";
inline constexpr Duration k_when_busy{2'000};

Caller caller_of(const enrolld_http::Request& request);
// On a worker.
enrolld_http::Response enrol_by_form(Desk& desk, const enrolld_http::Request& request);

}  // namespace ringway::enrolld
