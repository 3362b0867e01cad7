// What a claimant asks for, looked at before any proof: the name (ENROLL-15), the signing request (ENROLL-20,
// ENROLL-24), the rest.
#include <openssl/sha.h>

#include <algorithm>

#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/proofs/mail_address.hpp"
#include "services/enrolld/proofs/webhook_protocol.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::string_view k_tel = "tel:";

// "+4312345@overlay": how a certificate says tel:+4312345, whose one name has the form of an address of mail
// (RFC 6940 §11.3).
bool names_a_telephone(std::string_view user_name, std::string_view overlay_name) {
  const auto at = user_name.find('@');
  if (at == std::string_view::npos || user_name.front() != '+') return false;
  const auto digits = user_name.substr(1, at - 1);
  return folded(user_name.substr(at + 1)) == folded(overlay_name) && !digits.empty() &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_plain(std::string_view label) {
  return label.size() <= k_max_label_bytes && std::all_of(label.begin(), label.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 && byte != 0x7f;
         });
}

}  // namespace

bool wants_the_name(const SigningRequest& request, const std::string& user_name) {
  const auto& wished = request.user_names;
  return wished.empty() || std::any_of(wished.begin(), wished.end(), [&](const std::string& name) {
           return services::normal_user_name(name) == user_name;
         });
}

Digest digest_of_key_info(BytesView der) {
  Digest out{};
  SHA256(der.data(), der.size(), out.data());
  return out;
}

Digest digest_of_key(const SigningRequest& request) {
  Digest out{};
  if (request.public_key_sha256.size() == out.size())
    std::copy(request.public_key_sha256.begin(), request.public_key_sha256.end(), out.begin());
  return out;
}

Answer<std::string> Registrar::user_name_of(const std::string& user, Method method) {
  auto name = well_formed(user, method);
  if (!name) return name;
  const auto is_this = [&](const std::string& reserved) { return folded(reserved) == folded(*name); };
  if (std::any_of(settings_.reserved_names.begin(), settings_.reserved_names.end(), is_this))
    return refused(Event::name_reserved, Refusal::name_not_available, "nobody can have this name");
  return name;
}

Answer<std::string> Registrar::well_formed(const std::string& user, Method method) {
  const std::string& overlay = tools_.authority.overlay_name();
  if (method == Method::telephone) {
    const auto tel = read_tel(user);
    if (!tel) return refused(Event::bad_name, Refusal::bad_request, tel.error().reason);
    return services::normal_user_name(tel->substr(k_tel.size()) + "@" + overlay);
  }
  std::string name = services::normal_user_name(user);
  if (auto good = services::check_user_name(name); !good)
    return refused(Event::bad_name, Refusal::bad_request, good.error().reason);
  if (method == Method::mail) {
    if (auto address = MailAddress::read(name); !address)
      return refused(Event::bad_name, Refusal::bad_request, address.error().reason);
  }
  // Whoever has a mailbox of that name does not have the telephone.
  if (names_a_telephone(name, overlay) && method != Method::password)
    return refused(Event::name_reserved, Refusal::name_not_available,
                   "names of this form belong to telephone numbers, which are asked for as tel:+...");
  return name;
}

// Somebody owns them besides: who has the mailbox, the telephone, another authority's certificate.
bool Registrar::names_are_proved() const {
  const auto& methods = settings_.methods;
  return methods.contains(Method::mail) || methods.contains(Method::telephone) ||
         methods.contains(Method::certificate);
}

Answer<std::string> Registrar::name_asked_for(const std::string& user) {
  return well_formed(user, user.starts_with(k_tel) ? Method::telephone : Method::password);
}

Answer<std::string> Registrar::name_given(const std::string& user) {
  return user_name_of(user, user.starts_with(k_tel) ? Method::telephone : Method::password);
}

Answer<Registrar::Claim> Registrar::read_claim(const BeginRequest& request) {
  if (!settings_.methods.contains(request.method))
    return refused(Event::method_closed, Refusal::closed,
                   std::string("this overlay does not enrol by ") + name_of(request.method));
  auto name = user_name_of(request.user, request.method);
  if (!name) return name.error();
  if (!is_plain(request.label))
    return refused(Event::bad_label, Refusal::bad_request,
                   "the label has at most " + std::to_string(k_max_label_bytes) + " bytes, all printable");
  if (request.node_count < 1 || request.node_count > settings_.limits.nodes_of_device)
    return refused(
        Event::bad_node_count, Refusal::nodes_not_available,
        "one certificate has 1 to " + std::to_string(settings_.limits.nodes_of_device) + " Node-IDs");
  const auto read = read_signing_request(request.csr);
  if (!read) return refused(Event::bad_csr, Refusal::bad_csr, read.error().reason);
  if (!wants_the_name(*read, *name))
    return refused(Event::csr_names_another, Refusal::name_not_available,
                   "the signing request asks for another name");
  Claim claim;
  claim.user_name = std::move(*name);
  claim.method = request.method;
  claim.csr = request.csr;
  claim.public_key = read->public_key;
  claim.key = digest_of_key(*read);
  claim.label = request.label;
  claim.node_count = request.node_count;
  claim.replace = request.replace;
  return claim;
}

}  // namespace ringway::enrolld
