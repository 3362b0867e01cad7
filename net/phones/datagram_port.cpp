#include "net/phones/datagram_port.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace ringway::net::phones {

namespace {

namespace asio = boost::asio;

constexpr std::size_t k_datagrams_per_turn = 64;           // then others have their turn
constexpr std::chrono::milliseconds k_receive_pause{200};  // after an error of the socket

wire::IpAddressPort to_address(const UdpEndpoint& endpoint) {
  return from_endpoint({endpoint.address(), endpoint.port()});
}

UdpEndpoint to_udp(const wire::IpAddressPort& address) {
  const auto endpoint = to_endpoint(address);
  return {endpoint.address(), endpoint.port()};
}

bool would_wait(const boost::system::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

// Of this datagram, or of the network for a moment: it is lost, as any may be, and the flow stays. (What is
// too large, as somebody else has made it, must not cost a phone its registration.)
bool is_passing(const boost::system::error_code& error) {
  return error == asio::error::no_buffer_space || error == asio::error::interrupted ||
         error == asio::error::connection_refused || error == asio::error::message_size ||
         error == asio::error::network_unreachable || error == asio::error::host_unreachable ||
         error == asio::error::network_down || error == asio::error::no_permission;
}

}  // namespace

// ---- a flow

DatagramFlow::DatagramFlow(std::shared_ptr<FlowHub> hub, std::weak_ptr<DatagramPort> port, Ends ends,
                           bool opened_here, Place place)
    : hub_(std::move(hub)),
      port_(std::move(port)),
      id_(hub_->new_flow_id()),
      ends_(std::move(ends)),
      opened_here_(opened_here),
      credit_(static_cast<std::int64_t>(hub_->settings().receive_credit_bytes)),
      queue_(hub_->settings().max_send_queue_bytes, hub_->send_queues),
      place_(std::move(place)) {}

Given DatagramFlow::send(SharedBytes message) {
  switch (queue_.push({{}, std::move(message)})) {
    case SendQueue::Pushed::queued_wake:
      if (const auto port = port_.lock()) port->wake(shared_from_this());
      break;
    case SendQueue::Pushed::refused_full:
      ++hub_->counters().refused_full_queue;
      return Given::refused;
    case SendQueue::Pushed::refused_closed:
      return Given::refused;
    case SendQueue::Pushed::queued:
      break;
  }
  if (queue_.queued_bytes() <= hub_->settings().max_send_queue_bytes / 2) return Given::queued;
  // It may all have gone out before the mark is set.
  if (!half_full_.exchange(true))
    if (const auto port = port_.lock()) port->wake(shared_from_this());
  return Given::half_full;
}

Given DatagramFlow::send_to_port(std::uint16_t port, SharedBytes message) {
  const auto there = port_.lock();
  if (!there) return Given::refused;
  there->send_once({ends_.local, {ends_.remote.address(), port}}, std::move(message));
  return Given::queued;
}

void DatagramFlow::close(std::string reason) {
  queue_.close();
  if (const auto port = port_.lock()) port->end(shared_from_this(), std::move(reason));
}

void DatagramFlow::credit(std::size_t credit) { credit_ += static_cast<std::int64_t>(credit); }

void DatagramFlow::hold(bool held) {
  if (const auto port = port_.lock()) port->hold(*this, held);
}

void DatagramFlow::tell_up(std::uint16_t local_port) {
  if (ended_ || std::exchange(told_, true)) return;
  hub_->events.emit([&](PhoneEvents& events) {
    events.flow_up(
        {id_, Transport::udp, to_address({ends_.local, local_port}), to_address(ends_.remote), opened_here_});
  });
}

void DatagramFlow::take(BytesView datagram) {
  if (ended_) return;
  if (credit_ <= 0) {
    ++hub_->counters().datagrams_over_credit;
    return;
  }
  hub_->counters().bytes_in += datagram.size();
  const std::size_t cost = datagram.size() + k_received_overhead_bytes;
  credit_ -= static_cast<std::int64_t>(cost);
  hub_->events.emit([&](PhoneEvents& events) {
    events.received({id_, SharedBytes(copy_of(datagram)), cost});
  });
}

void DatagramFlow::tell_down(const std::string& reason) {
  if (std::exchange(ended_, true)) return;
  queue_.close();
  hub_->remove(id_);
  if (told_ || opened_here_) hub_->events.emit([&](PhoneEvents& events) { events.flow_down({id_, reason}); });
}

const SharedBytes* DatagramFlow::next_to_send() {
  if (next_.empty())
    queue_.take({.bytes = 0, .messages = 1, .overhead_bytes = 0, .at_least_one = true}, next_);
  if (!next_.empty()) return &next_.front().payload;
  if (half_full_.exchange(false) && !ended_)
    hub_->events.emit([&](PhoneEvents& events) { events.drained(id_); });
  return nullptr;
}

void DatagramFlow::sent() { next_.clear(); }

// ---- the socket

DatagramPort::DatagramPort(asio::io_context& context, std::shared_ptr<FlowHub> hub)
    : hub_(std::move(hub)),
      strand_(asio::make_strand(context)),
      socket_(strand_),
      idle_timer_(strand_),
      pause_(strand_) {}

Result<wire::IpAddressPort> DatagramPort::start(const wire::IpAddressPort& at) {
  auto bound = socket_.open(at);
  if (!bound) return bound.error();
  if (!hub_->stoppables.enter(shared_from_this())) return Failure{"stopping"};
  asio::post(strand_, [self = shared_from_this()] { self->await_datagrams(); });
  return to_address(*bound);
}

void DatagramPort::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->socket_.close();
    self->idle_timer_.cancel();
    self->pause_.cancel();
    self->waiting_.clear();
    self->forget_all();
    self->hub_->stoppables.leave(self.get());
  });
}

void DatagramPort::forget_all() {
  std::map<DatagramFlow::Ends, FlowPtr> all;  // let go of outside of the lock
  const std::lock_guard lock(mutex_);
  idle_.clear();
  for (const auto& [ends, flow] : flows_) flow->idle_place_.reset();
  all.swap(flows_);
}

// ---- receiving

void DatagramPort::await_datagrams() {
  if (!socket_.is_open()) return;
  socket_.wait_to_receive([self = shared_from_this()](const Error& error) { self->on_readable(error); });
}

void DatagramPort::on_readable(const Error& error) {
  if (!socket_.is_open()) return;
  Error failed = error;
  for (std::size_t i = 0; i < k_datagrams_per_turn && !failed; ++i) {
    DatagramSocket::Arrived arrived;
    failed = socket_.receive(buffer_, arrived);
    if (!failed) take(arrived);
  }
  if (!failed || would_wait(failed)) return await_datagrams();
  pause_.expires_after(k_receive_pause);
  pause_.async_wait([self = shared_from_this()](const Error&) { self->await_datagrams(); });
}

void DatagramPort::take(const DatagramSocket::Arrived& arrived) {
  auto& counters = hub_->counters();
  ++counters.datagrams_in;
  if (!hub_->datagram_in_time(to_address(arrived.from))) {
    ++counters.datagrams_too_fast;
    return;
  }
  if (arrived.size_bytes == 0) return;
  const auto flow = find_or_make(arrived);
  if (!flow) return;
  flow->tell_up(socket_.bound().port());
  flow->take(BytesView(buffer_).first(arrived.size_bytes));
  watch_idle();
}

// It is used now.
DatagramPort::FlowPtr DatagramPort::find(const DatagramFlow::Ends& ends) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(ends);
  if (found == flows_.end()) return nullptr;
  touch(*found->second);
  return found->second;
}

DatagramPort::FlowPtr DatagramPort::find_or_make(const DatagramSocket::Arrived& arrived) {
  const DatagramFlow::Ends ends{arrived.at, arrived.from};
  if (auto known = find(ends)) return known;
  auto share = hub_->datagram_share(to_address(arrived.from));
  if (!share) {
    ++hub_->counters().refused_of_address;
    return nullptr;
  }
  auto slot = take_slot();
  if (!slot) {
    ++hub_->counters().datagrams_refused;
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = flows_.find(ends); found != flows_.end()) return found->second;  // by connect()
  return make(ends, false, {*std::move(slot), *std::move(share)});
}

DatagramPort::FlowPtr DatagramPort::make(const DatagramFlow::Ends& ends, bool opened_here,
                                         DatagramFlow::Place place) {
  auto flow = std::make_shared<DatagramFlow>(hub_, weak_from_this(), ends, opened_here, std::move(place));
  flow->active_ = mono_now();
  flow->idle_place_ = idle_.insert(idle_.end(), flow.get());
  flows_.emplace(ends, flow);
  hub_->add(flow->id(), flow);
  return flow;
}

std::optional<Slot> DatagramPort::take_slot() {
  auto slot = hub_->datagram_flows.take();
  return slot ? std::move(slot) : displace_one();
}

// Somebody new takes the place of the one that has been idle longest, at once and on any thread; that this
// one is gone is told on the strand, before anything of the new one is.
std::optional<Slot> DatagramPort::displace_one() {
  FlowPtr oldest;
  DatagramFlow::Place place;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::nullopt;
    oldest = idle_.front()->shared_from_this();
    place = take_out(oldest);
  }
  ++hub_->counters().datagram_flows_displaced;
  asio::dispatch(strand_,
                 [self = shared_from_this(), oldest] { oldest->tell_down("others needed its place"); });
  return std::move(place.flow);
}

// Under the mutex.
DatagramFlow::Place DatagramPort::take_out(const FlowPtr& flow) {
  if (flow->idle_place_) idle_.erase(*std::exchange(flow->idle_place_, std::nullopt));
  flows_.erase(flow->ends());
  return std::exchange(flow->place_, {});
}

// Under the mutex.
void DatagramPort::touch(DatagramFlow& flow) {
  flow.active_ = mono_now();
  if (flow.idle_place_) idle_.splice(idle_.end(), idle_, *flow.idle_place_);
}

void DatagramPort::hold(DatagramFlow& flow, bool held) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = flows_.find(flow.ends());
    if (found == flows_.end() || found->second.get() != &flow || held == !flow.idle_place_) return;
    if (held) {
      idle_.erase(*std::exchange(flow.idle_place_, std::nullopt));
      return;
    }
    flow.active_ = mono_now();
    flow.idle_place_ = idle_.insert(idle_.end(), &flow);
  }
  asio::post(strand_, [self = shared_from_this()] { self->watch_idle(); });
}

// ---- sending

bool DatagramPort::reaches(const wire::IpAddressPort& remote) const {
  return socket_.reaches(to_endpoint(remote).address());
}

bool DatagramPort::is_at(const wire::IpAddressPort& local) const {
  const UdpEndpoint& bound = socket_.bound();
  if (local.type == wire::AddressType::invalid || bound.port() != local.port) return false;
  return bound.address().is_unspecified() || bound.address() == to_endpoint(local).address();
}

Result<FlowId> DatagramPort::connect(const wire::IpAddressPort& remote) {
  const UdpEndpoint there = to_udp(remote);
  auto here = socket_.local_for(there.address());
  if (!here) return here.error();
  const DatagramFlow::Ends ends{*here, there};
  if (const auto known = find(ends)) return known->id();
  auto slot = take_slot();
  if (!slot) return Failure{"as many flows as allowed"};
  FlowPtr flow;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = flows_.find(ends); found != flows_.end())
      return found->second->id();  // by a datagram
    flow = make(ends, true, {*std::move(slot), {}});
  }
  asio::post(strand_, [self = shared_from_this(), flow] {
    if (!self->socket_.is_open()) return;
    flow->tell_up(self->socket_.bound().port());
    self->watch_idle();
  });
  return flow->id();
}

void DatagramPort::wake(FlowPtr flow) {
  asio::post(strand_, [self = shared_from_this(), flow = std::move(flow)] { self->send_from(flow); });
}

void DatagramPort::send_once(const DatagramFlow::Ends& ends, SharedBytes message) {
  asio::post(strand_, [self = shared_from_this(), ends, message = std::move(message)] {
    if (!self->socket_.is_open()) return;
    auto& counters = self->hub_->counters();
    if (self->socket_.send(ends.local, ends.remote, message)) {
      ++counters.datagrams_not_sent;
    } else {
      ++counters.datagrams_out;
      counters.bytes_out += message.size();
    }
  });
}

void DatagramPort::send_from(const FlowPtr& flow) {
  if (!socket_.is_open()) return;
  if (!waiting_.empty()) {  // it has its turn after them
    waiting_.push_back(flow);
    return;
  }
  if (send_some(*flow)) return;
  waiting_.push_back(flow);
  await_room();
}

// False: the socket has no room now.
bool DatagramPort::send_some(DatagramFlow& flow) {
  auto& counters = hub_->counters();
  while (const SharedBytes* const next = flow.next_to_send()) {
    if (flow.ended_) return true;
    const Error error = socket_.send(flow.ends().local, flow.ends().remote, *next);
    if (would_wait(error)) return false;
    if (error && !is_passing(error)) {
      ++counters.datagrams_not_sent;
      end_now(flow.shared_from_this(), error.message());
      return true;
    }
    if (error) {
      ++counters.datagrams_not_sent;
    } else {
      ++counters.datagrams_out;
      counters.bytes_out += next->size();
    }
    flow.sent();
  }
  const std::lock_guard lock(mutex_);
  touch(flow);
  return true;
}

void DatagramPort::await_room() {
  socket_.wait_to_send([self = shared_from_this()](const Error& error) {
    if (error || !self->socket_.is_open()) return self->waiting_.clear();
    while (!self->waiting_.empty()) {
      if (!self->send_some(*self->waiting_.front())) return self->await_room();
      self->waiting_.pop_front();
    }
  });
}

// ---- ending

void DatagramPort::end(FlowPtr flow, std::string reason) {
  asio::post(strand_, [self = shared_from_this(), flow = std::move(flow), reason = std::move(reason)] {
    if (self->socket_.is_open() && self->waiting_.empty()) self->send_some(*flow);  // what is queued
    self->end_now(flow, reason);
  });
}

void DatagramPort::end_now(const FlowPtr& flow, const std::string& reason) {
  const FlowPtr kept = flow;
  {
    const std::lock_guard lock(mutex_);
    const auto found = flows_.find(kept->ends());
    if (found == flows_.end() || found->second != kept) return;
    take_out(kept);
  }
  kept->tell_down(reason);
}

void DatagramPort::watch_idle() {
  if (idle_timer_set_ || !socket_.is_open()) return;
  MonoTime at;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return;
    at = idle_.front()->active_ + hub_->settings().idle_timeout;
  }
  idle_timer_set_ = true;
  idle_timer_.expires_at(std::chrono::steady_clock::time_point(Duration{at.ms}));
  idle_timer_.async_wait([self = shared_from_this()](const Error& stopped) {
    self->idle_timer_set_ = false;
    if (!stopped) self->on_idle_timer();
  });
}

void DatagramPort::on_idle_timer() {
  const MonoTime before = mono_now() - hub_->settings().idle_timeout;
  std::vector<FlowPtr> idle;
  {
    const std::lock_guard lock(mutex_);
    for (auto* const flow : idle_) {
      if (before < flow->active_) break;
      idle.push_back(flow->shared_from_this());
    }
  }
  for (const auto& flow : idle) {
    ++hub_->counters().idle;
    end_now(flow, "idle");
  }
  watch_idle();
}

}  // namespace ringway::net::phones
