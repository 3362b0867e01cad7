#include "net/tls_links.hpp"

#include <openssl/crypto.h>

#include <utility>

#include "net/io_pool.hpp"
#include "net/link_attempt.hpp"
#include "net/link_connection.hpp"
#include "net/link_hub.hpp"
#include "net/link_listener.hpp"
#include "net/tls_context.hpp"

namespace ringway::net {

namespace {

constexpr std::chrono::milliseconds k_stop_patience{2'000};
constexpr std::chrono::milliseconds k_stop_look{20};

// Our copy is of no more use once OpenSSL has the key.
void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

class TlsLinksImpl : public TlsLinks {
 public:
  TlsLinksImpl(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<LinkHub> hub)
      : context_(std::move(context)), hub_(std::move(hub)) {}
  ~TlsLinksImpl() override { end(); }
  TlsLinksImpl(const TlsLinksImpl&) = delete;
  TlsLinksImpl& operator=(const TlsLinksImpl&) = delete;

  Outcome<> listen() {
    if (!hub_->settings().listens) return Done{};
    auto at = std::make_shared<LinkListener>(*context_, hub_)->start();
    if (!at) return at.error();
    listening_on_ = *at;
    return Done{};
  }

  wire::IpAddressPort listening_on() const override { return listening_on_; }

  void open(routing::OpenLink command) override {
    std::make_shared<LinkAttempt>(*context_, hub_, std::move(command))->start();
  }
  void transmit(routing::Transmit command) override {
    if (const auto link = hub_->find_link(command.link))
      link->transmit(std::move(command.header), std::move(command.payload));
  }
  void close(routing::CloseLink command) override {
    if (const auto link = hub_->find_link(command.link)) link->close(std::move(command.reason));
  }
  void credit(link::LinkId id, std::size_t messages) override {
    if (const auto link = hub_->find_link(id)) link->credit(messages);
  }

  void replace_trust(security::TrustPtr trust) override {
    hub_->replace_trust(trust);
    for (const auto& link : hub_->all_links()) link->recheck(trust);
  }
  void replace_max_message_size(std::size_t size_bytes) override {
    hub_->replace_max_message_size(size_bytes);
    for (const auto& link : hub_->all_links()) link->take_message_limit();
  }
  Outcome<> replace_credentials(std::string private_key_pem, std::string certificates_pem) override {
    auto tls = make_tls_context(private_key_pem, certificates_pem);
    wipe(private_key_pem);
    if (!tls) return tls.error();
    hub_->replace_tls(*std::move(tls));
    return Done{};
  }

  void stop() override { end(); }
  LinkCounters counters() const override { return hub_->read_counters(); }
  std::optional<LinkQuality> quality(link::LinkId id) const override {
    const auto link = hub_->find_link(id);
    if (!link) return std::nullopt;
    return link->quality();
  }

 private:
  void end() {
    hub_->close_events();
    hub_->stop_all();
    // The sockets are closed by the I/O threads; when one of them asks, or none runs any more, there is
    // nothing to wait for.
    if (context_->get_executor().running_in_this_thread()) return;
    for (auto waited = k_stop_look; waited < k_stop_patience && !context_->stopped(); waited += k_stop_look)
      if (hub_->wait_until_empty(k_stop_look)) break;
    for (const auto& link : hub_->all_links()) hub_->remove_link(link->id());
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  const std::shared_ptr<LinkHub> hub_;
  wire::IpAddressPort listening_on_;
};

}  // namespace

Result<std::shared_ptr<TlsLinks>> TlsLinks::start(IoPool& pool, LinkSettings settings,
                                                  security::TrustPtr trust,
                                                  std::shared_ptr<LinkEvents> events) {
  auto tls = make_tls_context(settings.private_key_pem, settings.certificates_pem);
  wipe(settings.private_key_pem);
  if (!tls) return tls.error();
  auto hub =
      std::make_shared<LinkHub>(std::move(settings), *std::move(tls), std::move(trust), std::move(events));
  auto links = std::make_shared<TlsLinksImpl>(pool.context(), std::move(hub));
  if (auto listening = links->listen(); !listening) return listening.error();
  return std::shared_ptr<TlsLinks>(std::move(links));
}

}  // namespace ringway::net
