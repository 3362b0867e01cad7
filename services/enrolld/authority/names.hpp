// Which names an authority puts into certificates (ENROLL-15).
#pragma once

#include <string>
#include <string_view>

#include "reload/result.hpp"

namespace ringway::services {

// What a person is told about a name they may not have; ok when it is acceptable: printable ASCII without
// blanks, quotes, slashes and the like, one "@", a domain of letters, digits, hyphens and dots.
Outcome<> check_user_name(std::string_view user_name);
// Domain names have no upper and lower case: the one spelling that goes into certificates.
std::string normal_user_name(std::string_view user_name);
Outcome<> check_overlay_name(std::string_view overlay_name);
// As whom the enrollment server itself is a node of the overlay, when it has something to say to peers.
// Nobody else gets the name.
std::string enrollment_server_name(std::string_view overlay_name);

}  // namespace ringway::services
