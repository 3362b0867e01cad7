#include "net/dtls/dtls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ringway::net::dtls {

// What the functions that OpenSSL calls may see of a session.
struct BioAccess {
  static DtlsSession* of(BIO* bio) { return static_cast<DtlsSession*>(BIO_get_data(bio)); }
  static std::optional<Bytes>& incoming(DtlsSession& session) { return session.incoming_; }
  static std::deque<Bytes>& outgoing(DtlsSession& session) { return session.outgoing_; }
  static Bytes cookie(DtlsSession& session) {
    return session.cookies_ == nullptr ? Bytes{} : session.cookies_->make(session.now_, session.address_);
  }
  static bool is_good(DtlsSession& session, BytesView cookie) {
    if (session.proved_) return true;
    return session.cookies_ != nullptr && session.cookies_->good(session.now_, session.address_, cookie);
  }
  static Duration first_timeout(const DtlsSession& session) { return session.first_timeout_; }
};

namespace {

constexpr std::size_t k_max_outgoing_datagrams = 64;  // of one call

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// ---- a BIO that keeps datagrams apart, as OpenSSL's in memory do not

extern "C" int ringway_bio_write(BIO* bio, const char* data, int size) {
  DtlsSession* const session = BioAccess::of(bio);
  BIO_clear_retry_flags(bio);
  if (session == nullptr || size <= 0) return -1;
  auto& outgoing = BioAccess::outgoing(*session);
  if (outgoing.size() >= k_max_outgoing_datagrams) return size;  // lost, as datagrams are
  try {
    outgoing.push_back(copy_of(view_of({data, static_cast<std::size_t>(size)})));
  } catch (const std::exception&) {
    return -1;  // nothing may be thrown through OpenSSL
  }
  return size;
}

extern "C" int ringway_bio_read(BIO* bio, char* out, int room) {
  DtlsSession* const session = BioAccess::of(bio);
  BIO_clear_retry_flags(bio);
  if (session == nullptr || room < 0) return -1;
  auto& incoming = BioAccess::incoming(*session);
  // An empty datagram is none: to OpenSSL no bytes without a retry are the end of the path, and anybody who
  // forges our peer's address can send one.
  if (!incoming || incoming->empty()) {
    incoming.reset();
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t size_bytes = std::min(incoming->size(), static_cast<std::size_t>(room));
  if (size_bytes > 0) std::memcpy(out, incoming->data(), size_bytes);
  incoming.reset();  // what does not fit is cut off, as a socket does
  return static_cast<int>(size_bytes);
}

extern "C" long ringway_bio_control(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
      return static_cast<long>(k_datagram_overhead_bytes);
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(k_link_mtu_bytes - k_datagram_overhead_bytes);
    default:
      return 0;
  }
}

BIO_METHOD* make_bio_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ringway datagrams");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, &ringway_bio_write);
  BIO_meth_set_read(method, &ringway_bio_read);
  BIO_meth_set_ctrl(method, &ringway_bio_control);
  return method;
}

BIO* make_bio(DtlsSession* session) {
  static BIO_METHOD* const method = make_bio_method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, session);
  BIO_set_init(bio, 1);
  return bio;
}

extern "C" int ringway_make_cookie(SSL* ssl, unsigned char* cookie, unsigned* size) {
  auto* const session = static_cast<DtlsSession*>(SSL_get_ex_data(ssl, session_index()));
  if (session == nullptr) return 0;
  const Bytes made = BioAccess::cookie(*session);
  if (made.empty() || made.size() > DTLS1_COOKIE_LENGTH) return 0;
  std::copy(made.begin(), made.end(), cookie);
  *size = static_cast<unsigned>(made.size());
  return 1;
}

extern "C" int ringway_verify_cookie(SSL* ssl, const unsigned char* cookie, unsigned size) {
  auto* const session = static_cast<DtlsSession*>(SSL_get_ex_data(ssl, session_index()));
  return session != nullptr && BioAccess::is_good(*session, {cookie, size}) ? 1 : 0;
}

// `us`: how long it has been, 0 at first.
extern "C" unsigned ringway_next_timeout(SSL* ssl, unsigned us) {
  constexpr unsigned k_longest_us = 60'000'000;
  if (us > 0) return std::min(2 * us, k_longest_us);
  const auto* const session = static_cast<DtlsSession*>(SSL_get_ex_data(ssl, session_index()));
  return session == nullptr ? 1'000'000
                            : static_cast<unsigned>(BioAccess::first_timeout(*session).count() * 1000);
}

}  // namespace

Result<TlsContextPtr> make_dtls_context(std::string_view private_key_pem, std::string_view certificates_pem) {
  auto context = make_bare_dtls_context();
  if (!context) return context.error();
  if (auto used = use_credentials(**context, private_key_pem, certificates_pem); !used) return used.error();
  SSL_CTX* const native = (*context)->native_handle();
  install_peer_check(native);
  SSL_CTX_set_cookie_generate_cb(native, &ringway_make_cookie);
  SSL_CTX_set_cookie_verify_cb(native, &ringway_verify_cookie);
  return context;
}

DtlsSession::DtlsSession(SSL* ssl) : ssl_(ssl) {}

DtlsSession::~DtlsSession() { SSL_free(ssl_); }

Result<std::unique_ptr<DtlsSession>> DtlsSession::make(const TlsContextPtr& context) {
  ERR_clear_error();
  SSL* const ssl = SSL_new(context->native_handle());
  if (ssl == nullptr) return Failure{"DTLS cannot be set up"};
  std::unique_ptr<DtlsSession> session(new DtlsSession(ssl));
  session->context_ = context;
  BIO* const bio = make_bio(session.get());
  if (bio == nullptr) return Failure{"DTLS cannot be set up"};
  SSL_set_bio(ssl, bio, bio);  // takes it over
  SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
  if (DTLS_set_link_mtu(ssl, static_cast<long>(k_link_mtu_bytes)) != 1 ||
      SSL_set_ex_data(ssl, session_index(), session.get()) != 1)
    return Failure{"DTLS cannot be set up"};
  set_peer_check(ssl, &session->check_);
  return session;
}

Result<std::unique_ptr<DtlsSession>> DtlsSession::client(const TlsContextPtr& context,
                                                         std::optional<NodeId> expected,
                                                         security::TrustPtr trust) {
  auto session = make(context);
  if (!session) return session;
  (*session)->check_.trust = std::move(trust);
  (*session)->check_.expected = expected;
  SSL_set_connect_state((*session)->ssl_);
  return session;
}

Result<std::unique_ptr<DtlsSession>> DtlsSession::listener(const TlsContextPtr& context,
                                                           security::TrustPtr trust) {
  auto session = make(context);
  if (!session) return session;
  (*session)->check_.trust = std::move(trust);
  SSL_set_accept_state((*session)->ssl_);
  return session;
}

Result<std::unique_ptr<DtlsSession>> DtlsSession::server(const TlsContextPtr& context,
                                                         std::optional<NodeId> expected,
                                                         security::TrustPtr trust) {
  auto session = listener(context, std::move(trust));
  if (session) (*session)->check_.expected = expected;
  return session;
}

bool DtlsSession::listen(Cookies& cookies, MonoTime now, const std::string& address, BytesView datagram) {
  cookies_ = &cookies;
  now_ = now;
  address_ = address;
  incoming_ = copy_of(datagram);
  BIO_ADDR* const client = BIO_ADDR_new();
  if (client == nullptr) return false;
  ERR_clear_error();
  const int outcome = DTLSv1_listen(ssl_, client);
  BIO_ADDR_free(client);
  cookies_ = nullptr;
  incoming_.reset();
  ERR_clear_error();
  proved_ = outcome > 0;
  return proved_;
}

void DtlsSession::feed(BytesView datagram) { incoming_ = copy_of(datagram); }

DtlsSession::Handshake DtlsSession::advance() {
  ERR_clear_error();
  DTLSv1_handle_timeout(ssl_);
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_);
  if (outcome == 1) return check_.certificate ? Handshake::done : Handshake::failed;
  const int error = SSL_get_error(ssl_, outcome);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Handshake::under_way;
  std::array<char, 256> text{};
  if (const unsigned long code = ERR_peek_error(); code != 0) {
    ERR_error_string_n(code, text.data(), text.size());
    error_ = text.data();
  }
  ERR_clear_error();
  return Handshake::failed;
}

bool DtlsSession::answered() const {
  switch (SSL_get_state(ssl_)) {
    case TLS_ST_BEFORE:
    case TLS_ST_CW_CLNT_HELLO:
    case DTLS_ST_CR_HELLO_VERIFY_REQUEST:
      return false;
    default:
      return true;
  }
}

std::string DtlsSession::why_failed() const {
  if (!check_.refusal.empty()) return check_.refusal;
  return error_.empty() ? "the handshake has failed" : error_;
}

void DtlsSession::set_first_timeout(Duration timeout) {
  first_timeout_ = timeout;
  DTLS_set_timer_cb(ssl_, &ringway_next_timeout);
}

std::optional<Duration> DtlsSession::timeout() const {
  timeval left{};
  if (DTLSv1_get_timeout(ssl_, &left) != 1) return std::nullopt;
  return Duration{static_cast<std::int64_t>(left.tv_sec) * 1000 + (left.tv_usec + 999) / 1000};
}

std::optional<Bytes> DtlsSession::read() {
  if (ended_) return std::nullopt;
  thread_local std::array<std::uint8_t, SSL3_RT_MAX_PLAIN_LENGTH> room;
  ERR_clear_error();
  const int size = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
  if (size > 0) return copy_of(BytesView(room).first(static_cast<std::size_t>(size)));
  const int error = SSL_get_error(ssl_, size);
  // The other side's goodbye, or an alert. Nothing else ends it: what is wrong with one datagram is gone with
  // it (RFC 6347 §4.1.2.7).
  if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SSL) ended_ = true;
  ERR_clear_error();
  return std::nullopt;
}

bool DtlsSession::write(BytesView content) {
  if (ended_) return false;
  ERR_clear_error();
  const int written = SSL_write(ssl_, content.data(), static_cast<int>(content.size()));
  ERR_clear_error();
  return written == static_cast<int>(content.size());
}

void DtlsSession::say_goodbye() {
  if (ended_ || SSL_in_init(ssl_) == 1) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::optional<Bytes> DtlsSession::outgoing() {
  if (outgoing_.empty()) return std::nullopt;
  Bytes datagram = std::move(outgoing_.front());
  outgoing_.pop_front();
  return datagram;
}

}  // namespace ringway::net::dtls
