#include "net/tls_links.hpp"

#include <mutex>
#include <optional>
#include <utility>

#include "net/dtls/dtls_port.hpp"
#include "net/io_pool.hpp"
#include "net/link_attempt.hpp"
#include "net/link_connection.hpp"
#include "net/link_hub.hpp"
#include "net/link_listener.hpp"
#include "net/node_means.hpp"

namespace ringway::net {

namespace {

class TlsLinksImpl : public TlsLinks {
 public:
  TlsLinksImpl(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<LinkHub> hub,
               NodeMeans means)
      : context_(std::move(context)), hub_(std::move(hub)), means_(std::move(means)) {}
  ~TlsLinksImpl() override { end(); }
  TlsLinksImpl(const TlsLinksImpl&) = delete;
  TlsLinksImpl& operator=(const TlsLinksImpl&) = delete;

  Outcome<> listen() {
    if (!hub_->settings().listens) return Done{};
    auto at = std::make_shared<LinkListener>(hub_)->start(*context_);
    if (!at) return at.error();
    listening_on_ = *at;
    if (!hub_->settings().datagrams || !hub_->means().dtls) return Done{};
    return std::make_shared<dtls::DtlsPort>(*context_, hub_)->start(listening_on_);
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
    auto next = NodeMeans::make(private_key_pem, certificates_pem);
    if (!next) return next.error();
    const std::lock_guard lock(means_mutex_);
    next->shared_key = means_.shared_key;
    means_ = *std::move(next);
    hub_->replace_means(means_.chosen());
    return Done{};
  }
  Outcome<> replace_shared_secret(std::optional<std::string> secret) override {
    const std::lock_guard lock(means_mutex_);
    if (auto done = means_.key_with(hub_->settings().overlay_name, std::move(secret)); !done) return done;
    hub_->replace_means(means_.chosen());
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
    hub_->events.shut();
    hub_->stoppables.stop_all_and_wait(*context_);
    for (const auto& link : hub_->all_links()) hub_->remove_link(link->id());
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  const std::shared_ptr<LinkHub> hub_;
  std::mutex means_mutex_;
  NodeMeans means_;
  wire::IpAddressPort listening_on_;
};

}  // namespace

Result<std::shared_ptr<TlsLinks>> TlsLinks::start(IoPool& pool, LinkSettings settings,
                                                  security::TrustPtr trust,
                                                  std::shared_ptr<LinkEvents> events) {
  auto means = NodeMeans::make(settings.private_key_pem, settings.certificates_pem);
  if (!means) return means.error();
  if (auto done = means->key_with(settings.overlay_name, std::exchange(settings.shared_secret, std::nullopt));
      !done)
    return done.error();
  auto hub =
      std::make_shared<LinkHub>(std::move(settings), means->chosen(), std::move(trust), std::move(events));
  auto links = std::make_shared<TlsLinksImpl>(pool.context(), std::move(hub), *std::move(means));
  if (auto listening = links->listen(); !listening) return listening.error();
  return std::shared_ptr<TlsLinks>(std::move(links));
}

}  // namespace ringway::net
