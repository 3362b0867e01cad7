// Presence documents (PIDF, RFC 3863): what may go into one, and one made of several. They come from phones
// and from the overlay, so none is passed on as it came: its elements are copied into a document of our own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::presence {

// A PIDF document of at most k_max_document_bytes and k_max_document_elements, in UTF-8, without DTD and
// entities, each <basic> either open or closed (§4.1.4). Elements of other namespaces are anybody's (§4.2).
Outcome<> check_document(std::string_view text);

// Such a document that is shown, too: composed for the user it is no longer than one may be.
bool fits(const Aor& user, std::string_view text);

// Such a document whose entity (§4.1.1) is the user, as all have that are made here.
Outcome<> check_document_about(const Aor& user, std::string_view text);

// One document about the user that has the elements of all of these, those of the first ones first, as many
// documents as fit into `max_bytes` and k_max_document_elements; elements with an id that another one has get
// a new one. Documents that check_document() refuses are left out.
std::string composed(const Aor& user, const std::vector<std::string_view>& documents, std::size_t max_bytes);

// Whether one of the tuples of such a document is open (§4.1.4): the user can be reached.
bool says_open(std::string_view text);

enum class Basic { open, closed };
// Of a user who has published nothing: can the user be reached (§4.1.4)?
std::string derived(const Aor& user, Basic basic);

}  // namespace ringway::sip::presence
