// Text from strangers in a page or a mail.
#pragma once

#include <string>
#include <string_view>

namespace ringway::enrolld {

// So that it stays text between tags and within a quoted attribute. Its memory does not grow on the way: of a
// secret there is one copy, which the caller can wipe.
std::string escape_html(std::string_view text);

}  // namespace ringway::enrolld
