#include "net/link_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/protocol_name.hpp"

namespace ringway::net {

namespace {
// What one TLS record carries: small messages and acknowledgements share it, and one system call.
constexpr std::size_t k_batch_bytes = 16384;
// Acknowledgements that the other side does not take off us: past this we do not read either.
constexpr std::size_t k_max_acknowledgement_bytes = 65536;
// A timer so late says that we were stopped, not the other side: it gets another chance to be heard.
constexpr Duration k_stalled{1'000};
// After a write has failed, until what was sent to us before has been read.
constexpr Duration k_last_words{500};

std::string why_lost(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return "closed by the other side";
  if (error == boost::asio::ssl::error::stream_truncated) return "the connection ended without a goodbye";
  return error.message();
}
}  // namespace

Outcome<> LinkConnection::start(const std::shared_ptr<LinkHub>& hub, Authenticated peer,
                                std::uint64_t attempt, Slot slot) {
  const auto trust = peer.trust;
  const auto self = std::make_shared<LinkConnection>(hub, std::move(peer), std::move(slot));
  if (!hub->stoppables.enter(self)) return Failure{"stopping"};
  // First into the table, then the look at the limit and the trust: whoever replaces them does so in the
  // other order.
  hub->add_link(self->id_, self);
  self->framed_.set_max_message_size_bytes(hub->max_received_bytes());
  if (const auto current = hub->trust(); current != trust) {
    if (auto verdict = current->check(*self->peer_.certificate, self->peer_.chain_der, wall_now());
        !verdict) {
      hub->remove_link(self->id_);
      hub->stoppables.leave(self.get());
      return verdict;
    }
  }
  hub->events.emit([&](LinkEvents& events) {
    events.link_up({self->id_, attempt, self->peer_.certificate, self->peer_.remote,
                    application_named(self->peer_.protocol)});
  });
  self->read();
  return Done{};
}

LinkConnection::LinkConnection(std::shared_ptr<LinkHub> hub, Authenticated peer, Slot slot)
    : hub_(std::move(hub)),
      id_(hub_->new_link_id()),
      peer_(std::move(peer)),
      stream_(*peer_.stream),
      strand_(stream_.next_layer().get_executor()),
      slot_(std::move(slot)),
      close_timer_(strand_),
      framed_(hub_->max_received_bytes()),
      quiet_timer_(strand_),
      read_buffer_(k_batch_bytes),
      credits_(static_cast<std::int64_t>(hub_->settings().receive_credit_messages)),
      queue_(hub_->settings().max_send_queue_bytes, hub_->send_queues) {}

// ---- from any thread

void LinkConnection::transmit(Bytes header, SharedBytes payload) {
  auto& counters = hub_->counters();
  // The other side would close the link.
  if (header.size() + payload.size() > hub_->max_sent_bytes()) {
    ++counters.refused_too_large;
    return;
  }
  switch (queue_.push({std::move(header), std::move(payload)})) {
    case SendQueue::Pushed::queued_wake:
      boost::asio::post(strand_, [self = shared_from_this()] { self->write(); });
      break;
    case SendQueue::Pushed::refused_full:
      ++counters.refused_full_queue;
      break;
    case SendQueue::Pushed::queued:
    case SendQueue::Pushed::refused_closed:
      break;
  }
}

void LinkConnection::close(std::string reason) {
  queue_.close();
  boost::asio::post(strand_, [self = shared_from_this(), reason = std::move(reason)]() mutable {
    self->begin_close(std::move(reason));
  });
}

void LinkConnection::credit(std::size_t messages) {
  const auto count = static_cast<std::int64_t>(messages);
  const auto before = credits_.fetch_add(count);
  if (before <= 0 && before + count > 0)
    boost::asio::post(strand_, [self = shared_from_this()] { self->read(); });
}

void LinkConnection::recheck(security::TrustPtr trust) {
  boost::asio::post(strand_, [self = shared_from_this(), trust = std::move(trust)] {
    // Nothing comes in any more; the last words, which may say why it is closed, still go out.
    if (self->state_ != State::up) return;
    const auto verdict = trust->check(*self->peer_.certificate, self->peer_.chain_der, wall_now());
    if (!verdict) self->finish("no longer trusted: " + verdict.error().reason);
  });
}

void LinkConnection::take_message_limit() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->framed_.set_max_message_size_bytes(self->hub_->max_received_bytes());
  });
}

void LinkConnection::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] { self->finish("stopping"); });
}

LinkQuality LinkConnection::quality() const {
  LinkQuality quality;
  if (const auto ms = round_trip_ms_.load(); ms >= 0) quality.round_trip = Duration{ms};
  quality.unacknowledged_frames = unacknowledged_;
  quality.queued_bytes = queue_.queued_bytes();
  return quality;
}

void LinkConnection::note_quality() {
  const auto smoothed = framed_.round_trip().smoothed();
  round_trip_ms_ = smoothed ? smoothed->count() : -1;
  unacknowledged_ = framed_.unacknowledged();
}

// ---- reading

void LinkConnection::read() {
  if (reading_ || state_ == State::down) return;
  if (state_ == State::up) {
    if (acknowledgements_.size() > k_max_acknowledgement_bytes) return;  // on_written() comes back here
    if (credits_ <= 0) {
      out_of_credit_ = true;  // credit() comes back here
      return;
    }
    if (std::exchange(out_of_credit_, false)) {
      const MonoTime now = mono_now();
      framed_.reading_resumed(now);
      watch(now);
    }
  }
  reading_ = true;
  stream_.async_read_some(
      boost::asio::buffer(read_buffer_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size_bytes) {
        self->on_read(error, size_bytes);
      });
}

void LinkConnection::on_read(const boost::system::error_code& error, std::size_t size_bytes) {
  reading_ = false;
  if (state_ == State::down) return;
  if (error && state_ == State::shutting) return;  // drain() sees the end
  if (error) return finish(why_lost(error));
  hub_->counters().bytes_in += size_bytes;
  if (state_ != State::shutting) {
    const MonoTime now = mono_now();
    auto arrived = framed_.receive(now, BytesView(read_buffer_).first(size_bytes));
    if (!arrived) return finish("refused what it sent: " + arrived.error().reason);
    take(*std::move(arrived));
    if (state_ == State::down) return;
    if (suspected_ && !framed_.suspected(now)) tell_suspected(false);
    watch(now);
    note_quality();
  }
  write();
  read();
}

void LinkConnection::take(link::FramedLink::Arrived arrived) {
  append(acknowledgements_, arrived.acknowledgements);
  if (state_ == State::up && !arrived.messages.empty()) {
    const std::size_t count = arrived.messages.size();
    hub_->counters().messages_in += count;
    credits_ -= static_cast<std::int64_t>(count);
    hub_->events.emit([&](LinkEvents& events) { events.link_messages(id_, std::move(arrived.messages)); });
  }
  if (arrived.broken) finish("refused what it sent: " + arrived.broken->reason);
}

// ---- writing

void LinkConnection::write() {
  if (writing_ || write_failed_ || state_ == State::shutting || state_ == State::down) return;
  const MonoTime now = mono_now();
  gather(now);
  if (batch_.empty()) {
    if (state_ == State::flushing && queue_.empty()) shut_down();
    return;
  }
  writing_ = true;
  watch(now);
  note_quality();
  boost::asio::async_write(
      stream_, boost::asio::buffer(batch_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size_bytes) {
        self->on_written(error, size_bytes);
      });
}

// The next batch: acknowledgements ride in front of the messages, or alone when no message waits.
void LinkConnection::gather(MonoTime now) {
  batch_.clear();
  batch_.swap(acknowledgements_);
  next_.clear();
  queue_.take({.bytes = k_batch_bytes - std::min(k_batch_bytes, batch_.size()),
               .messages = link::k_max_unacknowledged - framed_.unacknowledged(),
               .overhead_bytes = wire::k_data_frame_overhead_bytes,
               .at_least_one = batch_.empty()},
              next_);
  for (const auto& message : next_) {
    append(batch_, framed_.send(now, message.size_bytes()));
    append(batch_, message.header);
    append(batch_, message.payload);
  }
  batch_messages_ = next_.size();
  next_.clear();  // lets go of the payloads
}

void LinkConnection::on_written(const boost::system::error_code& error, std::size_t size_bytes) {
  writing_ = false;
  if (state_ == State::down) return;
  if (error) return on_write_failed(why_lost(error));
  hub_->counters().messages_out += batch_messages_;
  hub_->counters().bytes_out += size_bytes;
  write();
  read();
}

// When the other side has gone, what it said last tells why (an alert, perhaps): it is read first.
void LinkConnection::on_write_failed(const std::string& reason) {
  if (!reading_) return finish(reason);
  write_failed_ = true;
  close_timer_.expires_after(k_last_words);
  close_timer_.async_wait([self = shared_from_this(), reason](const boost::system::error_code& stopped) {
    if (!stopped) self->finish(reason);
  });
}

// ---- the other side is quiet (LINK-15)

void LinkConnection::watch(MonoTime now) {
  if (out_of_credit_ || state_ == State::down) return;
  const auto deadline = framed_.next_deadline(now);
  // A timer that is early only looks again; setting it anew for every message would cost more.
  if (deadline && (!quiet_timer_at_ || *deadline < *quiet_timer_at_)) set_quiet_timer(*deadline);
}

void LinkConnection::set_quiet_timer(MonoTime at) {
  quiet_timer_at_ = at;
  quiet_timer_.expires_at(std::chrono::steady_clock::time_point(Duration{at.ms}));
  quiet_timer_.async_wait([self = shared_from_this(), at](const boost::system::error_code& stopped) {
    if (!stopped && self->quiet_timer_at_ == at) self->on_quiet_timer(at);
  });
}

void LinkConnection::on_quiet_timer(MonoTime at) {
  quiet_timer_at_.reset();
  if (out_of_credit_ || state_ == State::down) return;
  const MonoTime now = mono_now();
  if (now - at > k_stalled) return set_quiet_timer(now + k_stalled);
  if (framed_.given_up(now)) return finish("no acknowledgement for too long");
  if (!suspected_ && framed_.suspected(now)) tell_suspected(true);
  watch(now);
}

void LinkConnection::tell_suspected(bool suspected) {
  suspected_ = suspected;
  if (state_ != State::up) return;
  hub_->events.emit([&](LinkEvents& events) { events.link_suspected({id_, suspected}); });
}

// ---- closing

void LinkConnection::begin_close(std::string reason) {
  if (state_ != State::up) return;
  state_ = State::flushing;
  close_reason_ = std::move(reason);
  close_timer_.expires_after(hub_->settings().close_timeout);
  close_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped) self->finish({});
  });
  write();
  read();  // without regard to credits: bytes left unread would reset the connection under our last words
}

void LinkConnection::shut_down() {
  state_ = State::shutting;
  // Sends the goodbye. That it may fail for what the other side has sent meanwhile (OpenSSL does not wait for
  // the answer through application data) does not matter.
  stream_.async_shutdown([self = shared_from_this()](const boost::system::error_code&) {
    if (self->state_ == State::down) return;
    boost::system::error_code ignored;
    self->stream_.next_layer().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    self->drain();
  });
}

// Until the other side has closed as well, or close_timer_ ends it.
void LinkConnection::drain() {
  drain_buffer_.resize(k_batch_bytes);
  stream_.next_layer().async_read_some(
      boost::asio::buffer(drain_buffer_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
        if (self->state_ == State::down) return;
        if (error) return self->finish({});
        self->drain();
      });
}

void LinkConnection::finish(const std::string& reason) {
  if (state_ == State::down) return;
  const std::string told = state_ == State::up ? reason : close_reason_;
  state_ = State::down;
  queue_.close();
  quiet_timer_.cancel();
  close_timer_.cancel();
  boost::system::error_code ignored;
  stream_.next_layer().close(ignored);
  slot_ = {};
  hub_->remove_link(id_);
  hub_->events.emit([&](LinkEvents& events) { events.link_down({id_, 0, told}); });
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net
