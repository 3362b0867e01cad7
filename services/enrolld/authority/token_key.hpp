// A signing key inside a PKCS#11 token (a hardware security module, a smart card, SoftHSM), named by an
// RFC 7512 URI. The private key never leaves the token.
//
// OpenSSL 3.0 reaches tokens through its engine `pkcs11` (Debian: libengine-pkcs11-openssl), which asks
// p11-kit for the machine's tokens, or the one module that PKCS11_MODULE_PATH names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/enrolld/authority/signing_key.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

bool is_token_uri(std::string_view text);  // "pkcs11:..."

// Whether the URI says itself where the PIN is (pin-source, RFC 7512 §2.4).
bool names_its_pin(std::string_view uri);

// Refuses a URI that names no key (object or id), one with a PIN in it (pin-value: URIs are seen in the list
// of processes and kept in files), and keys no certificate may be made for.
Result<SigningKeyPtr> open_token_key(const std::string& uri, const std::optional<Secret>& pin);

}  // namespace ringway::enrolld
