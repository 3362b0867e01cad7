#include "net/phones/phone_tls.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "net/phones/phone_transports.hpp"

namespace ringway::net::phones {

namespace {

constexpr std::size_t k_max_pem_file_bytes = 256U << 10;
// Of wildcards a SIP domain is not known (RFC 5922 §7.2), and names belong into the subjectAltName.
constexpr unsigned k_name_flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

Result<std::string> read_pem(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(k_max_pem_file_bytes + 1, '\0');
  if (!in || (in.read(text.data(), static_cast<std::streamsize>(text.size())), in.bad()))
    return Failure{"cannot read " + file};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > k_max_pem_file_bytes) return Failure{file + " is too large"};
  return text;
}

Result<TlsContextPtr> make_server(const PhoneSettings& settings) {
  auto certificates = read_pem(settings.certificates_file);
  if (!certificates) return certificates.error();
  auto key = read_pem(settings.private_key_file);
  if (!key) return key.error();
  auto context = make_bare_tls_context();
  auto used = context ? use_credentials(**context, *key, *certificates) : Outcome<>(context.error());
  OPENSSL_cleanse(key->data(), key->size());
  if (!used) return used.error();
  // A phone shows who it is with SIP's means (RFC 3261 §26.3.2.1).
  SSL_CTX_set_verify((*context)->native_handle(), SSL_VERIFY_NONE, nullptr);
  return context;
}

Result<TlsContextPtr> make_client(const PhoneSettings& settings) {
  auto context = make_bare_tls_context();
  if (!context) return context.error();
  SSL_CTX* const native = (*context)->native_handle();
  if (settings.authorities_file.empty()) {
    SSL_CTX_set_default_verify_paths(native);
    ERR_clear_error();
    return context;
  }
  if (SSL_CTX_load_verify_file(native, settings.authorities_file.c_str()) != 1) {
    ERR_clear_error();
    return Failure{"no certificates of authorities in " + settings.authorities_file};
  }
  return context;
}

bool is_address(const std::string& name) {
  boost::system::error_code no;
  boost::asio::ip::make_address(name, no);
  return !no;
}

// What a subjectAltName says of the SIP domain; nothing when it has no URI of scheme sip (RFC 5922 §7.1).
std::optional<bool> named_by_uri(const X509* certificate, const std::string& name) {
  constexpr std::string_view k_scheme = "sip:";
  auto* const names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::optional<bool> named;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(names, i);
    if (one->type != GEN_URI) continue;
    const std::string_view uri =
        text_of({ASN1_STRING_get0_data(one->d.uniformResourceIdentifier),
                 static_cast<std::size_t>(ASN1_STRING_length(one->d.uniformResourceIdentifier))});
    if (uri.size() < k_scheme.size() ||
        OPENSSL_strncasecmp(uri.data(), k_scheme.data(), k_scheme.size()) != 0)
      continue;
    const std::string_view domain = uri.substr(k_scheme.size());
    const bool same =
        domain.size() == name.size() && OPENSSL_strncasecmp(domain.data(), name.data(), name.size()) == 0;
    named = named.value_or(false) || same;
  }
  GENERAL_NAMES_free(names);
  return named;
}

bool is_for(X509* certificate, const std::string& name) {
  if (is_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  if (const auto named = named_by_uri(certificate, name)) return *named;
  return X509_check_host(certificate, name.data(), name.size(), k_name_flags, nullptr) == 1;
}

bool judge(bool trusted, X509_STORE_CTX* store, const std::string& name, std::string& refusal) {
  if (!trusted) {
    refusal = std::string("certificate not trusted: ") +
              X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(store) > 0) return true;  // an issuer's
  if (is_for(X509_STORE_CTX_get_current_cert(store), name)) return true;
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  refusal = "the certificate is not for " + name;
  return false;
}

}  // namespace

Result<PhoneTls> load_phone_tls(const PhoneSettings& settings) {
  PhoneTls tls;
  if (!settings.certificates_file.empty()) {
    auto server = make_server(settings);
    if (!server) return server.error();
    tls.server = *std::move(server);
  }
  auto client = make_client(settings);
  if (!client) return client.error();
  tls.client = *std::move(client);
  return tls;
}

Outcome<> expect_server(TlsStream& stream, const std::string& name, std::shared_ptr<std::string> refusal) {
  // A server of several domains shows the right certificate (RFC 6066 §3: names only).
  if (!is_address(name) && SSL_set_tlsext_host_name(stream.native_handle(), name.c_str()) != 1)
    return Failure{"not a server's name: " + name};
  boost::system::error_code error;
  stream.set_verify_mode(boost::asio::ssl::verify_peer, error);
  if (error) return Failure{error.message()};
  stream.set_verify_callback(
      [name, refusal = std::move(refusal)](bool trusted, boost::asio::ssl::verify_context& context) {
        return judge(trusted, context.native_handle(), name, *refusal);
      },
      error);
  if (error) return Failure{error.message()};
  return Done{};
}

}  // namespace ringway::net::phones
