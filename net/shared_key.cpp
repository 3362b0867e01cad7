#include "net/shared_key.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "net/protocol_name.hpp"

namespace ringway::net {

namespace {

// Ephemeral key exchange and authenticated encryption only, as everywhere.
constexpr const char* k_suites =
    "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384:DHE-PSK-AES128-GCM-SHA256:"
    "DHE-PSK-CHACHA20-POLY1305";
constexpr const char* k_groups = "X25519:P-256:P-384";
constexpr int k_security_level = 2;  // 112 bits
constexpr std::string_view k_exporter_label = "EXPORTER-ringway-node-proof";
constexpr std::size_t k_binding_size_bytes = 32;

struct SharedKey {
  std::string overlay_name;
  std::string secret;
  SharedKey(std::string_view name, std::string_view key) : overlay_name(name), secret(key) {}
  ~SharedKey() { OPENSSL_cleanse(secret.data(), secret.size()); }
  SharedKey(const SharedKey&) = delete;
  SharedKey& operator=(const SharedKey&) = delete;
};

void free_key(void*, void* key, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<SharedKey*>(key); }

// Freed with its context.
int key_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_key);
  return index;
}

const SharedKey* key_of(SSL* ssl) {
  return static_cast<const SharedKey*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_index()));
}

unsigned copy_secret(const SharedKey& key, unsigned char* out, unsigned room_bytes) {
  if (key.secret.size() > room_bytes) return 0;
  std::copy(key.secret.begin(), key.secret.end(), out);
  return static_cast<unsigned>(key.secret.size());
}

extern "C" unsigned ringway_psk_client(SSL* ssl, const char*, char* identity, unsigned max_identity_bytes,
                                       unsigned char* psk, unsigned max_psk_bytes) {
  const SharedKey* key = key_of(ssl);
  if (key == nullptr || key->overlay_name.size() + 1 > max_identity_bytes) return 0;
  std::memcpy(identity, key->overlay_name.c_str(), key->overlay_name.size() + 1);
  return copy_secret(*key, psk, max_psk_bytes);
}

// Any identity: it is a hint, and another implementation may have another one. The key decides.
extern "C" unsigned ringway_psk_server(SSL* ssl, const char*, unsigned char* psk, unsigned max_psk_bytes) {
  const SharedKey* key = key_of(ssl);
  return key == nullptr ? 0 : copy_secret(*key, psk, max_psk_bytes);
}

Failure failed(const char* what) {
  ERR_clear_error();
  return {what};
}

bool restrict_protocol(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, k_security_level);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, k_suites) == 1 &&
         SSL_CTX_set1_groups_list(context, k_groups) == 1 && SSL_CTX_set_dh_auto(context, 1) == 1;
}

}  // namespace

Result<TlsContextPtr> make_shared_key_context(std::string_view overlay_name, std::string_view secret) {
  ERR_clear_error();
  if (secret.empty() || secret.size() > PSK_MAX_PSK_LEN || overlay_name.size() > PSK_MAX_IDENTITY_LEN)
    return Failure{"the overlay's shared secret cannot be used with TLS-PSK"};
  SSL_CTX* const native = SSL_CTX_new(TLS_method());
  if (native == nullptr) return failed("TLS is not available");
  auto context = std::make_shared<boost::asio::ssl::context>(native);  // takes it over
  if (!restrict_protocol(native)) return failed("TLS-PSK cannot be set up");
  auto key = std::make_unique<SharedKey>(overlay_name, secret);
  if (SSL_CTX_set_ex_data(native, key_index(), key.get()) != 1) return failed("TLS-PSK cannot be set up");
  key.release();  // NOLINT(bugprone-unused-return-value): the context's now
  SSL_CTX_set_psk_client_callback(native, &ringway_psk_client);
  SSL_CTX_set_psk_server_callback(native, &ringway_psk_server);
  accept_protocol_names(native);
  return context;
}

Result<Bytes> handshake_binding(SSL* ssl) {
  if (SSL_get_extms_support(ssl) != 1) return Failure{"the handshake was without the extended master secret"};
  Bytes binding(k_binding_size_bytes);
  if (SSL_export_keying_material(ssl, binding.data(), binding.size(), k_exporter_label.data(),
                                 k_exporter_label.size(), nullptr, 0, 0) != 1)
    return failed("TLS does not export a binding");
  return binding;
}

}  // namespace ringway::net
