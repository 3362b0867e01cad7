#include "net/phones/connection.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::net::phones {

namespace {
constexpr std::size_t k_batch_bytes = 16384;
}

std::optional<Connection::Place> take_place(FlowHub& hub, const wire::IpAddressPort& from) {
  auto share = hub.connection_share(from);
  auto arriving_share = share ? hub.arriving_share(from) : std::nullopt;
  if (!arriving_share) {
    ++hub.counters().refused_of_address;
    return std::nullopt;
  }
  auto arriving = hub.arriving.take();
  auto slot = arriving ? hub.connections.take() : std::nullopt;
  if (!slot) {
    ++hub.counters().refused_connections;
    return std::nullopt;
  }
  return Connection::Place{
      *std::move(slot), *std::move(share), {*std::move(arriving), *std::move(arriving_share)}};
}

Connection::Connection(std::shared_ptr<FlowHub> hub, std::shared_ptr<Pipe> pipe, Transport transport,
                       bool opened_here, Place place)
    : hub_(std::move(hub)),
      id_(hub_->new_flow_id()),
      pipe_(std::move(pipe)),
      transport_(transport),
      opened_here_(opened_here),
      strand_(pipe_->socket().get_executor()),
      place_(std::move(place)),
      timer_(strand_),
      credit_(static_cast<std::int64_t>(hub_->settings().receive_credit_bytes)),
      queue_(hub_->settings().max_send_queue_bytes, hub_->send_queues) {}

// ---- from any thread

void Connection::start() {
  if (!hub_->stoppables.enter(shared_from_this())) return;  // stopping: nobody listens any more
  if (opened_here_) hub_->add(id_, shared_from_this());
  boost::asio::post(strand_, [self = shared_from_this()] { self->begin(); });
}

Given Connection::send(SharedBytes message) {
  switch (queue_.push({{}, std::move(message)})) {
    case SendQueue::Pushed::queued_wake:
      boost::asio::post(strand_, [self = shared_from_this()] { self->write(); });
      break;
    case SendQueue::Pushed::refused_full:
      ++hub_->counters().refused_full_queue;
      queue_.close();
      boost::asio::post(strand_, [self = shared_from_this()] { self->finish("too much waits to be sent"); });
      return Given::refused;
    case SendQueue::Pushed::refused_closed:
      return Given::refused;
    case SendQueue::Pushed::queued:
      break;
  }
  if (queue_.queued_bytes() <= hub_->settings().max_send_queue_bytes / 2) return Given::queued;
  // It may all have gone out before the mark is set.
  if (!half_full_.exchange(true))
    boost::asio::post(strand_, [self = shared_from_this()] { self->tell_if_drained(); });
  return Given::half_full;
}

void Connection::close(std::string reason) {
  queue_.close();
  boost::asio::post(strand_, [self = shared_from_this(), reason = std::move(reason)]() mutable {
    self->begin_close(std::move(reason));
  });
}

void Connection::credit(std::size_t credit) {
  const auto given = static_cast<std::int64_t>(credit);
  const auto before = credit_.fetch_add(given);
  if (before <= 0 && before + given > 0)
    boost::asio::post(strand_, [self = shared_from_this()] { self->read(); });
}

void Connection::hold(bool held) {
  if (held_.exchange(held) && !held)
    boost::asio::post(strand_, [self = shared_from_this()] { self->watch(); });
}

void Connection::cut(std::string reason) {
  queue_.close();
  boost::asio::post(strand_,
                    [self = shared_from_this(), reason = std::move(reason)] { self->finish(reason); });
}

void Connection::stop() { cut("stopping"); }

// ---- opening

void Connection::begin() {
  if (state_ != State::opening) return;
  began_ = mono_now();
  watch();
  pipe_->open([self = shared_from_this()](const Outcome<>& outcome) { self->on_opened(outcome); });
}

void Connection::on_opened(const Outcome<>& outcome) {
  if (state_ == State::down) return;
  if (!outcome) {
    ++hub_->counters().opening_failed;
    return finish(outcome.error().reason);
  }
  state_ = State::up;
  began_ = active_ = mono_now();
  if (opened_here_)
    tell_up();
  else if (pipe_->peer())
    greet();  // it need not say something to be known
  watch();
  write();
  read();
}

// Whoever has connected is one of those that are listened to.
void Connection::greet() {
  place_.arriving = {};
  if (told_) return;
  hub_->add(id_, shared_from_this());
  tell_up();
}

void Connection::tell_up() {
  boost::system::error_code ignored;
  const auto local = pipe_->socket().local_endpoint(ignored);
  const auto remote = pipe_->socket().remote_endpoint(ignored);
  told_ = true;
  hub_->events.emit([&](PhoneEvents& events) {
    events.flow_up(
        {id_, transport_, from_endpoint(local), from_endpoint(remote), opened_here_, pipe_->peer()});
  });
}

// ---- reading

void Connection::read() {
  if (reading_ || state_ == State::opening || state_ == State::down) return;
  if (state_ == State::up) {
    if (credit_ <= 0) {
      out_of_credit_ = true;  // credit() comes back here
      return;
    }
    if (std::exchange(out_of_credit_, false)) {
      active_ = mono_now();
      watch();
    }
  }
  reading_ = true;
  pipe_->read([self = shared_from_this()](Result<Bytes> got) { self->on_read(std::move(got)); });
}

void Connection::on_read(Result<Bytes> got) {
  reading_ = false;
  if (state_ == State::down) return;
  if (!got) return finish(got.error().reason);
  active_ = mono_now();
  if (state_ == State::up && !got->empty()) take(*std::move(got));
  read();
}

void Connection::take(Bytes bytes) {
  if (!std::exchange(heard_, true)) {
    watch();
    greet();
  }
  hub_->counters().bytes_in += bytes.size();
  const std::size_t cost = bytes.size() + k_received_overhead_bytes;
  credit_ -= static_cast<std::int64_t>(cost);
  hub_->events.emit([&](PhoneEvents& events) {
    events.received({id_, SharedBytes(std::move(bytes)), cost});
  });
}

// ---- writing

void Connection::write() {
  if (writing_ || (state_ != State::up && state_ != State::flushing)) return;
  next_.clear();
  queue_.take({.bytes = k_batch_bytes,
               .messages = pipe_->max_messages_per_write(),
               .overhead_bytes = 0,
               .at_least_one = true},
              next_);
  tell_if_drained();
  if (next_.empty()) {
    if (state_ != State::flushing) return;
    state_ = State::shutting;
    return pipe_->say_goodbye(close_reason_);  // on_read() sees the end
  }
  writing_ = true;
  write_began_ = mono_now();
  watch();
  pipe_->write(next_, [self = shared_from_this()](const Outcome<>& outcome) { self->on_written(outcome); });
}

void Connection::on_written(const Outcome<>& outcome) {
  writing_ = false;
  if (state_ == State::down) return;
  if (!outcome) return finish(outcome.error().reason);
  active_ = mono_now();
  for (const auto& message : next_) hub_->counters().bytes_out += message.size_bytes();
  watch();
  write();
}

void Connection::tell_if_drained() {
  if (state_ == State::down || !queue_.empty() || !half_full_.exchange(false)) return;
  hub_->events.emit([&](PhoneEvents& events) { events.drained(id_); });
}

// ---- deadlines

std::optional<Connection::Limit> Connection::next_limit() const {
  using What = Limit::What;
  const auto& settings = hub_->settings();
  if (state_ == State::opening) return Limit{began_ + settings.opening_timeout, What::opening};
  if (state_ == State::flushing || state_ == State::shutting)
    return Limit{began_ + settings.close_timeout, What::closing};
  if (state_ == State::down) return std::nullopt;
  if (writing_) return Limit{write_began_ + settings.write_timeout, What::writing};
  if (!heard_ && !told_) return Limit{began_ + settings.first_byte_timeout, What::first_byte};
  if (held_ || out_of_credit_) return std::nullopt;
  return Limit{active_ + settings.idle_timeout, What::idle};
}

// A timer that is early only looks again; setting it anew for every byte would cost more.
void Connection::watch() {
  const auto limit = next_limit();
  if (limit && (!timer_at_ || limit->at < *timer_at_)) set_timer(limit->at);
}

void Connection::set_timer(MonoTime at) {
  timer_at_ = at;
  timer_.expires_at(std::chrono::steady_clock::time_point(Duration{at.ms}));
  timer_.async_wait([self = shared_from_this(), at](const boost::system::error_code& stopped) {
    if (!stopped && self->timer_at_ == at) self->on_timer();
  });
}

void Connection::on_timer() {
  timer_at_.reset();
  const auto limit = next_limit();
  if (!limit) return;
  if (mono_now() < limit->at) return set_timer(limit->at);
  on_limit(limit->what);
}

void Connection::on_limit(Limit::What what) {
  auto& counters = hub_->counters();
  switch (what) {
    case Limit::What::opening:
      ++counters.opening_failed;
      return finish("opening it took too long");
    case Limit::What::first_byte:
      ++counters.silent;
      return finish("nothing came");
    case Limit::What::writing:
      ++counters.too_slow;
      return finish("it does not take what is sent");
    case Limit::What::idle:
      ++counters.idle;
      queue_.close();
      return begin_close("idle");
    case Limit::What::closing:
      return finish({});
  }
}

// ---- closing

void Connection::begin_close(std::string reason) {
  if (state_ == State::opening) return finish(reason);
  if (state_ != State::up) return;
  state_ = State::flushing;
  close_reason_ = std::move(reason);
  began_ = mono_now();
  watch();
  write();
  read();  // without regard to credit: bytes left unread would reset the connection under our last words
}

void Connection::finish(const std::string& reason) {
  if (state_ == State::down) return;
  const bool closing = state_ == State::flushing || state_ == State::shutting;
  state_ = State::down;
  queue_.close();
  timer_.cancel();
  pipe_->close();
  place_ = {};
  hub_->remove(id_);
  if (told_ || opened_here_)
    hub_->events.emit([&](PhoneEvents& events) {
      events.flow_down({id_, closing ? close_reason_ : reason});
    });
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net::phones
