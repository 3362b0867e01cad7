#include "net/dtls/dtls_connection.hpp"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "net/dtls/demultiplex.hpp"

namespace ringway::net::dtls {

namespace {

link::DatagramLink::Settings link_settings(const LinkHub& hub) {
  link::DatagramLink::Settings settings;
  settings.sender = hub.settings().datagram_sender;
  settings.max_message_size_bytes = hub.max_received_bytes();
  settings.max_frame_size_bytes = k_max_frame_bytes;
  return settings;
}

bool is_data(BytesView content) {
  return !content.empty() && content.front() == static_cast<std::uint8_t>(wire::FrameType::data);
}

}  // namespace

DtlsConnection::DtlsConnection(std::shared_ptr<LinkHub> hub, const Strand& strand,
                               std::unique_ptr<DtlsSession> session, Origin origin, Way way)
    : hub_(std::move(hub)),
      strand_(strand),
      session_(std::move(session)),
      origin_(std::move(origin)),
      way_(std::move(way)),
      id_(hub_->new_link_id()),
      framed_(link_settings(*hub_)),
      timer_(strand_),
      queue_(hub_->settings().max_send_queue_bytes, hub_->send_queues),
      credits_(static_cast<std::int64_t>(hub_->settings().receive_credit_messages)) {}

// ---- the handshake

void DtlsConnection::start(Slot slot, Slot share) {
  slot_ = std::move(slot);
  share_ = std::move(share);
  // Nobody may be there: then another address, or TCP, is tried soon.
  give_up_at_ = mono_now() + (origin_.is_client ? origin_.patience : hub_->settings().handshake_timeout);
  heard_ = !origin_.is_client;  // the cookie has come
  shake();
}

void DtlsConnection::on_datagram(BytesView datagram) {
  // Of somebody else, or forged: the socket of a client has nobody before it who tells these apart.
  if (state_ == State::down || kind_of(datagram) != Datagram::dtls) return;
  hub_->counters().bytes_in += datagram.size();
  session_->feed(datagram);
  if (state_ != State::shaking) return read();
  shake();
  if (heard_ || state_ != State::shaking || !session_->answered()) return;
  heard_ = true;
  give_up_at_ = mono_now() + hub_->settings().handshake_timeout;
}

void DtlsConnection::shake() {
  const auto outcome = session_->advance();
  flush();
  switch (outcome) {
    case DtlsSession::Handshake::under_way:
      return watch();
    case DtlsSession::Handshake::failed:
      return finish(session_->why_failed());
    case DtlsSession::Handshake::done:
      return become_link();
  }
}

void DtlsConnection::become_link() {
  if (!origin_.is_client) {
    auto link_slot = hub_->link_slots.take();
    if (!link_slot) {
      ++hub_->counters().refused_links;
      return finish("as many links as allowed");
    }
    slot_ = *std::move(link_slot);  // gives the handshake's back
    share_ = {};
  }
  state_ = State::up;
  // First into the table, then the look at the limit and the trust: whoever replaces them does so in the
  // other order.
  hub_->add_link(id_, shared_from_this());
  framed_.set_max_message_size_bytes(hub_->max_received_bytes());
  const auto& check = session_->check();
  if (const auto current = hub_->trust(); current != check.trust) {
    if (const auto verdict = current->check(*check.certificate, check.chain_der, wall_now()); !verdict) {
      hub_->remove_link(id_);
      state_ = State::shaking;
      return finish(verdict.error().reason);
    }
  }
  hub_->events.emit([&](LinkEvents& events) {
    events.link_up({id_, origin_.attempt, check.certificate, origin_.remote, std::nullopt});
  });
  if (const auto done = std::exchange(origin_.done, nullptr)) done(Done{});
  read();
}

// ---- reading

void DtlsConnection::read() {
  while (state_ != State::down && state_ != State::shaking) {
    auto content = session_->read();
    if (!content) break;
    waits_since_.reset();  // it is there; pump() looks whether something still waits
    if (!receive(*std::move(content))) break;
  }
  if (state_ == State::down) return;
  // OpenSSL may have repeated the last flight of the handshake: the other side has not had it (RFC 6347
  // §4.2.4), and waits for it before it sends anything that we would answer.
  flush();
  if (session_->ended()) return finish("closed by the other side");
  pump();
}

bool DtlsConnection::receive(Bytes content) {
  // Without credit a frame is as if it were lost: its sender slows down and sends it again.
  if (is_data(content) && (state_ != State::up || credits_ <= 0)) return true;
  auto arrived = framed_.receive(mono_now(), SharedBytes(std::move(content)));
  if (!arrived) {
    finish("refused what it sent: " + arrived.error().reason);
    return false;
  }
  if (!arrived->acknowledgement.empty()) {
    session_->write(arrived->acknowledgement);
    flush();
  }
  if (!arrived->message) return true;
  ++hub_->counters().messages_in;
  --credits_;
  hub_->events.emit([&](LinkEvents& events) { events.link_messages(id_, {*std::move(arrived->message)}); });
  return true;
}

// ---- writing

void DtlsConnection::transmit(Bytes header, SharedBytes payload) {
  auto& counters = hub_->counters();
  if (header.size() + payload.size() > hub_->max_sent_bytes()) {
    ++counters.refused_too_large;
    return;
  }
  switch (queue_.push({std::move(header), std::move(payload)})) {
    case SendQueue::Pushed::queued_wake:
      boost::asio::post(strand_, [self = shared_from_this()] { self->pump(); });
      break;
    case SendQueue::Pushed::refused_full:
      ++counters.refused_full_queue;
      break;
    case SendQueue::Pushed::queued:
    case SendQueue::Pushed::refused_closed:
      break;
  }
}

// True when another message may follow.
bool DtlsConnection::take_next() {
  if (!next_) {
    std::vector<Outgoing> taken;
    queue_.take({.bytes = link::k_max_record_bytes, .messages = 1, .overhead_bytes = 0, .at_least_one = true},
                taken);
    if (taken.empty()) return false;
    next_ = std::move(taken.front());
  }
  switch (framed_.send(next_->header, next_->payload)) {
    case link::DatagramLink::Queued::full:
      return false;  // acknowledgements come back here
    case link::DatagramLink::Queued::too_large:
      ++hub_->counters().refused_too_large;
      break;
    case link::DatagramLink::Queued::yes:
      ++hub_->counters().messages_out;
      break;
  }
  next_.reset();
  return true;
}

void DtlsConnection::pump() {
  if (state_ != State::up && state_ != State::flushing) return;
  const MonoTime now = mono_now();
  do {
    write_frames(now);
  } while (take_next());
  write_frames(now);
  if (framed_.sender().unacknowledged() == 0)
    waits_since_.reset();
  else if (!waits_since_)
    waits_since_ = now;
  note_quality();
  if (framed_.failed()) return finish("no acknowledgement for too long");
  if (suspected_ != framed_.suspected()) {
    suspected_ = framed_.suspected();
    if (is_up()) hub_->events.emit([&](LinkEvents& events) { events.link_suspected({id_, suspected_}); });
  }
  if (state_ == State::flushing && queue_.empty() && !next_ && framed_.idle()) return finish({});
  watch();
}

void DtlsConnection::write_frames(MonoTime now) {
  while (auto frame = framed_.poll(now)) {
    session_->write(*frame);
    flush();
  }
}

void DtlsConnection::flush() {
  while (auto datagram = session_->outgoing()) {
    hub_->counters().bytes_out += datagram->size();
    way_.send(*datagram);
  }
}

// ---- time

void DtlsConnection::watch() {
  if (state_ == State::down) return;
  const MonoTime now = mono_now();
  std::optional<MonoTime> at;
  if (state_ == State::shaking) {
    if (const auto left = session_->timeout()) at = now + *left;
  } else {
    at = framed_.next_deadline(now);
  }
  if (state_ != State::up && (!at || give_up_at_ < *at)) at = give_up_at_;
  if (!at || (timer_at_ && *timer_at_ <= *at)) return;  // one that is early only looks again
  timer_at_ = at;
  timer_.expires_at(std::chrono::steady_clock::time_point(Duration{at->ms}));
  timer_.async_wait([self = shared_from_this(), when = *at](const boost::system::error_code& stopped) {
    if (stopped || self->timer_at_ != when) return;
    self->timer_at_.reset();
    self->on_timer();
  });
}

void DtlsConnection::on_timer() {
  if (state_ == State::down) return;
  if (state_ != State::up && mono_now() >= give_up_at_)
    return finish(state_ == State::shaking ? (heard_ ? "handshake timed out" : "nobody answers") : "");
  if (state_ == State::shaking) return shake();
  pump();
}

// ---- from any thread

void DtlsConnection::close(std::string reason) {
  queue_.close();
  boost::asio::post(strand_, [self = shared_from_this(), reason = std::move(reason)]() mutable {
    if (self->state_ != State::up) return;
    self->state_ = State::flushing;
    self->close_reason_ = std::move(reason);
    self->give_up_at_ = mono_now() + self->hub_->settings().close_timeout;
    self->pump();
  });
}

void DtlsConnection::credit(std::size_t messages) { credits_ += static_cast<std::int64_t>(messages); }

void DtlsConnection::recheck(security::TrustPtr trust) {
  boost::asio::post(strand_, [self = shared_from_this(), trust = std::move(trust)] {
    if (!self->is_up()) return;
    const auto& check = self->session_->check();
    const auto verdict = trust->check(*check.certificate, check.chain_der, wall_now());
    if (!verdict) self->finish("no longer trusted: " + verdict.error().reason);
  });
}

void DtlsConnection::take_message_limit() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->framed_.set_max_message_size_bytes(self->hub_->max_received_bytes());
  });
}

LinkQuality DtlsConnection::quality() const {
  LinkQuality quality;
  if (const auto ms = round_trip_ms_.load(); ms >= 0) quality.round_trip = Duration{ms};
  quality.unacknowledged_frames = unacknowledged_;
  quality.queued_bytes = queue_.queued_bytes();
  return quality;
}

void DtlsConnection::note_quality() {
  const auto smoothed = framed_.sender().round_trip().smoothed();
  round_trip_ms_ = smoothed ? smoothed->count() : -1;
  unacknowledged_ = framed_.sender().unacknowledged();
}

// ---- the end

// Anybody can forge an ICMP message (RFC 5927 §2). Who has just been heard, or has not been asked for
// anything, is there; who is not there acknowledges nothing, and each transmission brings another of these
// messages.
void DtlsConnection::on_path_error(const std::string& reason) {
  if (state_ == State::shaking) return finish(reason);
  if (waits_since_ && mono_now() - *waits_since_ >= framed_.sender().round_trip().rto()) finish(reason);
}

void DtlsConnection::finish(const std::string& reason) {
  if (state_ == State::down) return;
  const State was = std::exchange(state_, State::down);
  session_->say_goodbye();
  flush();
  queue_.close();
  timer_.cancel();
  slot_ = {};
  share_ = {};
  if (was == State::shaking) {
    if (reason != "stopping") hub_->note_failed_handshake();
    if (const auto done = std::exchange(origin_.done, nullptr)) done(Failure{reason});
  } else {
    const std::string told = was == State::up ? reason : close_reason_;
    hub_->remove_link(id_);
    hub_->events.emit([&](LinkEvents& events) { events.link_down({id_, 0, told}); });
  }
  if (const auto ended = std::exchange(way_.ended, nullptr)) ended();
}

}  // namespace ringway::net::dtls
