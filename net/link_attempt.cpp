#include "net/link_attempt.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/dtls/dtls_dial.hpp"
#include "net/link_connection.hpp"
#include "net/protocol_name.hpp"

namespace ringway::net {

namespace {

constexpr std::size_t k_max_addresses = 16;
// Whoever asks for a link names these, and we send datagrams there: not to many, and not for long.
constexpr std::size_t k_max_datagram_addresses = 3;
constexpr Duration k_datagrams_first{300};  // then TCP is tried, too (RFC 8305 §5)

std::vector<wire::IpAddressPort> first_of(const std::vector<wire::IpAddressPort>& addresses,
                                          std::size_t count) {
  return {addresses.begin(),
          addresses.begin() + static_cast<std::ptrdiff_t>(std::min(addresses.size(), count))};
}

}  // namespace

LinkAttempt::LinkAttempt(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub,
                         routing::OpenLink command)
    : hub_(std::move(hub)),
      command_(std::move(command)),
      strand_(boost::asio::make_strand(context)),
      timer_(strand_),
      race_(strand_),
      addresses_(first_of(command_.addresses, k_max_addresses)) {
  if (hub_->settings().datagrams && !command_.application && hub_->means().dtls)
    datagram_addresses_ = first_of(command_.datagram_addresses, k_max_datagram_addresses);
}

void LinkAttempt::start() {
  if (!hub_->stoppables.enter(shared_from_this())) return;  // stopping: nobody listens any more
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->slot_ = self->hub_->link_slots.take();
    if (!self->slot_) {
      ++self->hub_->counters().refused_links;
      self->reasons_ = "as many links as allowed";
      self->next_datagram_address_ = self->datagram_addresses_.size();
      self->next_address_ = self->addresses_.size();
      return self->finish_if_nothing_is_left();
    }
    self->dial_until_ = mono_now() + self->hub_->settings().connect_timeout;
    self->race_.expires_after(k_datagrams_first);
    self->race_.async_wait([self](const boost::system::error_code& stopped) {
      if (stopped) return;
      self->races_ = true;
      self->connect_next();
    });
    self->dial_next();
  });
}

void LinkAttempt::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->stopping_ = true;
    boost::system::error_code ignored;
    if (self->socket_) self->socket_->close(ignored);
    if (const auto dialing = self->dialing_) dialing->cancel("stopping");
    self->finish_if_nothing_is_left();
  });
}

// ---- over datagrams

// What is left of the time is for those that are left.
void LinkAttempt::dial_next() {
  while (!left_ && !stopping_ && !dialing_ && next_datagram_address_ < datagram_addresses_.size()) {
    const auto left = static_cast<std::int64_t>(datagram_addresses_.size() - next_datagram_address_);
    const wire::IpAddressPort to = datagram_addresses_[next_datagram_address_++];
    const Duration patience = (dial_until_ - mono_now()) / left;
    const std::string where = link::to_text(to) + " (UDP)";
    if (to.type == wire::AddressType::invalid || patience <= Duration{0}) {
      note_failure(where, patience <= Duration{0} ? "no time is left" : "not an address");
      continue;
    }
    dialing_ = std::make_shared<dtls::DtlsDial>(hub_, strand_);
    const auto dial = dialing_;  // it may end at once
    dial->start({to, command_.expected, command_.attempt, patience}, *slot_,
                [self = shared_from_this(), where](const Outcome<>& outcome) {
                  self->dialing_.reset();
                  if (outcome) return self->leave();
                  self->note_failure(where, outcome.error().reason);
                  boost::asio::post(self->strand_, [self] { self->dial_next(); });
                });
    break;
  }
  if (races_ || !dialing_) connect_next();
}

// ---- over TCP

void LinkAttempt::connect_next() {
  while (!left_ && !stopping_ && !connects() && next_address_ < addresses_.size()) {
    if (dialing_ && dialing_->answered()) return;  // that comes back here when it fails
    const wire::IpAddressPort& to = addresses_[next_address_++];
    if (to.type != wire::AddressType::invalid) return connect(to);
    note_failure(link::to_text(to), "not an address");
  }
  finish_if_nothing_is_left();
}

void LinkAttempt::connect(const wire::IpAddressPort& address) {
  timed_out_ = false;
  socket_.emplace(strand_);
  timer_.expires_after(hub_->settings().connect_timeout);
  timer_.async_wait(
      [self = shared_from_this(), at = next_address_](const boost::system::error_code& stopped) {
        // It may have been due already when the connect failed by itself: then the socket is the next
        // address's.
        if (stopped || !self->socket_ || at != self->next_address_) return;
        self->timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_->close(ignored);
      });
  socket_->async_connect(
      to_endpoint(address),
      [self = shared_from_this()](const boost::system::error_code& error) { self->on_connected(error); });
}

void LinkAttempt::on_connected(const boost::system::error_code& error) {
  timer_.cancel();
  Socket socket = *std::exchange(socket_, std::nullopt);
  if (left_) return;
  if (error || timed_out_ || stopping_) {
    note_failure(link::to_text(addresses_[next_address_ - 1]),
                 timed_out_ ? "connecting timed out" : error.message());
    return connect_next();
  }
  if (dialing_ && dialing_->answered()) {
    --next_address_;  // should that handshake fail
    return;
  }
  // No server has a link over datagrams as long as no ServerHello has come here.
  next_datagram_address_ = datagram_addresses_.size();
  shakes_hands_ = true;
  if (const auto dialing = dialing_) dialing->cancel("TCP was faster");
  std::make_shared<Handshake>(hub_, std::move(socket),
                              Handshake::Wanted{command_.expected, protocol_name(command_.application)},
                              [self = shared_from_this()](Result<Authenticated> outcome) {
                                self->on_authenticated(std::move(outcome));
                              })
      ->start(boost::asio::ssl::stream_base::client);
}

void LinkAttempt::on_authenticated(Result<Authenticated> outcome) {
  shakes_hands_ = false;
  const std::string where = link::to_text(addresses_[next_address_ - 1]);
  if (!outcome) {
    note_failure(where, outcome.error().reason);
    return connect_next();
  }
  if (auto up = LinkConnection::start(hub_, *std::move(outcome), command_.attempt, *slot_); !up) {
    note_failure(where, up.error().reason);
    return connect_next();
  }
  leave();
}

// ---- the end

void LinkAttempt::note_failure(const std::string& where, const std::string& reason) {
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += where + ": " + reason;
}

void LinkAttempt::finish_if_nothing_is_left() {
  const bool all_tried =
      next_datagram_address_ >= datagram_addresses_.size() && next_address_ >= addresses_.size();
  if (left_ || dialing_ || connects() || !(stopping_ || all_tried)) return;
  if (reasons_.empty()) reasons_ = stopping_ ? "stopping" : "no address";
  slot_.reset();
  hub_->events.emit([&](LinkEvents& events) { events.link_down({{}, command_.attempt, reasons_}); });
  leave();
}

void LinkAttempt::leave() {
  left_ = true;
  slot_.reset();
  timer_.cancel();
  race_.cancel();
  boost::system::error_code ignored;
  if (socket_) socket_->close(ignored);
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net
