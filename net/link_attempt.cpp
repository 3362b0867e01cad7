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
}

LinkAttempt::LinkAttempt(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub,
                         routing::OpenLink command)
    : hub_(std::move(hub)),
      command_(std::move(command)),
      strand_(boost::asio::make_strand(context)),
      timer_(strand_) {
  const bool over_datagrams = hub_->settings().datagrams && !command_.application && hub_->means().dtls;
  const auto add = [this](const std::vector<wire::IpAddressPort>& addresses, bool is_for_datagrams) {
    for (std::size_t i = 0; i < std::min(addresses.size(), k_max_addresses); ++i)
      addresses_.push_back({addresses[i], is_for_datagrams});
  };
  if (over_datagrams) add(command_.datagram_addresses, true);
  add(command_.addresses, false);
}

void LinkAttempt::start() {
  if (!hub_->stoppables.enter(shared_from_this())) return;  // stopping: nobody listens any more
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->slot_ = self->hub_->link_slots.take();
    if (self->slot_) return self->try_next();
    ++self->hub_->counters().refused_links;
    self->reasons_ = "as many links as allowed";
    self->finish();
  });
}

void LinkAttempt::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->stopping_ = true;
    boost::system::error_code ignored;
    if (self->socket_) self->socket_->close(ignored);
    if (self->dialing_) self->dialing_->stop();
  });
}

void LinkAttempt::try_next() {
  if (stopping_ || next_address_ >= addresses_.size()) {
    if (reasons_.empty()) reasons_ = stopping_ ? "stopping" : "no address";
    return finish();
  }
  const Address& next = addresses_[next_address_++];
  if (next.is_for_datagrams) return dial(next.address);
  connect(next.address);
}

void LinkAttempt::connect(const wire::IpAddressPort& address) {
  if (address.type == wire::AddressType::invalid) {
    note_failure("not an address");
    return try_next();
  }
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

void LinkAttempt::dial(const wire::IpAddressPort& address) {
  if (address.type == wire::AddressType::invalid) {
    note_failure("not an address");
    return try_next();
  }
  const auto dial = std::make_shared<dtls::DtlsDial>(hub_, strand_);
  dialing_ = dial;
  dial->start(address, command_.expected, command_.attempt, *slot_,
              [self = shared_from_this()](const Outcome<>& outcome) {
                self->dialing_.reset();
                if (!outcome) {
                  self->note_failure(outcome.error().reason);
                  return self->try_next();
                }
                self->slot_.reset();
                self->hub_->stoppables.leave(self.get());
              });
}

void LinkAttempt::on_connected(const boost::system::error_code& error) {
  timer_.cancel();
  Socket socket = *std::exchange(socket_, std::nullopt);
  if (error || timed_out_ || stopping_) {
    note_failure(timed_out_ ? "connecting timed out" : error.message());
    return try_next();
  }
  std::make_shared<Handshake>(hub_, std::move(socket),
                              Handshake::Wanted{command_.expected, protocol_name(command_.application)},
                              [self = shared_from_this()](Result<Authenticated> outcome) {
                                self->on_authenticated(std::move(outcome));
                              })
      ->start(boost::asio::ssl::stream_base::client);
}

void LinkAttempt::on_authenticated(Result<Authenticated> outcome) {
  if (!outcome) {
    note_failure(outcome.error().reason);
    return try_next();
  }
  if (auto up = LinkConnection::start(hub_, *std::move(outcome), command_.attempt, *slot_); !up) {
    note_failure(up.error().reason);
    return try_next();
  }
  slot_.reset();
  hub_->stoppables.leave(this);
}

void LinkAttempt::note_failure(const std::string& reason) {
  const Address& failed = addresses_[next_address_ - 1];
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += link::to_text(failed.address) + (failed.is_for_datagrams ? " (UDP): " : ": ") + reason;
}

void LinkAttempt::finish() {
  slot_.reset();
  hub_->events.emit([&](LinkEvents& events) { events.link_down({{}, command_.attempt, reasons_}); });
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net
