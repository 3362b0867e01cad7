#include "sim/sim_peer.hpp"

#include <algorithm>
#include <utility>

namespace ringway::sim {

SimPeer::SimPeer(World& world, PeerIdentity& identity, routing::RoutingSettings routing, std::uint64_t seed)
    : world_(world),
      identity_(identity),
      process_(static_cast<std::uint32_t>(world.processes.size())),
      random_(seed, "peer", identity_.number),
      routing_(std::move(routing), identity_.configuration, identity_.signer,
               std::make_shared<SeededRandom>(seed, "routing", identity_.number)) {
  world_.processes.push_back(this);
  if (!world_.data_on_demand) need_data();
}

SimPeer::~SimPeer() { world_.processes[process_] = nullptr; }

Now SimPeer::now() const {
  Now now = world_.clock.now();
  now.wall_ms =
      static_cast<WallMs>(static_cast<std::int64_t>(now.wall_ms) + identity_.faults.clock_skew.count());
  return now;
}

void SimPeer::start() {
  world_.network.attach(shared_from_this());
  Outputs outputs;
  routing_.start(now(), outputs.routing);
  settle(outputs);
}

void SimPeer::start_joined(const std::vector<routing::StandingLink>& links) {
  world_.network.attach(shared_from_this());
  Outputs outputs;
  routing_.start_joined(now(), links, outputs.routing);
  settle(outputs);
}

void SimPeer::leave() {
  Outputs outputs;
  routing_.leave(now(), outputs.routing);
  settle(outputs);
}

void SimPeer::die(Death how) {
  if (!alive_) return;
  alive_ = false;
  if (data_ && data_->write && random_.chance(0.5)) identity_.need_disk()->finish_commit(*data_->write);
  if (identity_.store) identity_.store->crash();
  world_.network.detach(number(), how);
}

// ---- the data components
// ------------------------------------------------------------------------------------

SimPeer::Data::Data(const World& world, PeerIdentity& identity)
    : storage(world.storage, identity.configuration, identity.signer, identity.need_disk()),
      replication(world.replication, identity.configuration, identity.signer->node_id(),
                  identity.need_disk()) {}

// Both at once: who holds a value has to see from the first moment on who else should.
SimPeer::Data& SimPeer::need_data() {
  if (data_) return *data_;
  data_ = std::make_unique<Data>(world_, identity_);
  if (!view_) return *data_;
  to_storage(routing::RingChanged{view_});
  to_replication(routing::RingChanged{std::exchange(view_, nullptr)});
  return *data_;
}

// Of what a component finds as it is when it is made.
template <typename Input>
bool SimPeer::can_wait(const Input& input) {
  if (const auto* change = std::get_if<routing::RingChanged>(&input)) view_ = change->view;
  return std::holds_alternative<routing::RingChanged>(input) ||
         std::holds_alternative<routing::ConfigurationChanged>(input) ||
         std::holds_alternative<routing::UseSigner>(input);
}

// Who has never been given a value has none to hand over to a peer that joins, or to leave behind.
bool SimPeer::done_with_nothing(const data::ReplicationInput& input) {
  if (identity_.store) return false;
  if (const auto* order = std::get_if<routing::HandOver>(&input)) {
    to_routing(routing::HandOverReport{order->number, routing::HandOverReport::State::complete});
    return true;
  }
  if (!std::holds_alternative<routing::Drain>(input)) return false;
  to_routing(routing::Drained{});
  return true;
}

void SimPeer::to_storage(data::StorageInput input) {
  if (!data_ && can_wait(input)) return;
  enqueue(need_data().storage_queue, std::move(input));
}

void SimPeer::to_replication(data::ReplicationInput input) {
  if (!data_ && (can_wait(input) || done_with_nothing(input))) return;
  enqueue(need_data().replication_queue, std::move(input));
}

// ---- the queues -------------------------------------------------------------------------------------------

void SimPeer::later(std::int64_t delay_us, std::function<void(SimPeer&)> event) {
  world_.clock.after_us(delay_us, [weak = weak_from_this(), event = std::move(event)] {
    const auto self = weak.lock();
    if (self && self->alive_) event(*self);
  });
}

void SimPeer::want_step() {
  if (!alive_ || std::exchange(step_wanted_, true)) return;
  // As small as a function can hold without asking for memory: there are more of these than of anything else.
  world_.clock.after_us(random_.between(0, world_.workload.step_max_us),
                        [world = &world_, process = process_] {
                          SimPeer* const self = world->processes[process];
                          if (self != nullptr && self->alive_) self->step();
                        });
}

void SimPeer::step() {
  step_wanted_ = false;
  // One of the queues that have something, each equally likely.
  std::size_t candidates[3];
  std::size_t count = 0;
  if (!routing_queue_.empty()) candidates[count++] = 0;
  if (data_ && !data_->storage_queue.empty()) candidates[count++] = 1;
  if (data_ && !data_->replication_queue.empty()) candidates[count++] = 2;
  if (count == 0) return;
  Outputs outputs;
  const auto serve = [this](auto& queue, auto& component, auto& out) {
    auto input = std::move(queue.front());
    queue.pop_front();
    component.handle(now(), std::move(input), out);
  };
  switch (candidates[random_.below(count)]) {
    case 0:
      serve(routing_queue_, routing_, outputs.routing);
      break;
    case 1:
      serve(data_->storage_queue, data_->storage, outputs.storage);
      break;
    default:
      serve(data_->replication_queue, data_->replication, outputs.replication);
  }
  settle(outputs);
}

template <typename Receiver>
void SimPeer::hand_on(Outputs& outputs, Receiver& receiver) {
  peer::Dispatcher dispatcher(receiver);
  dispatcher.dispatch(outputs.routing);
  dispatcher.dispatch(outputs.storage);
  dispatcher.dispatch(outputs.replication);
}

void SimPeer::settle(Outputs& outputs) {
  if (world_.planted_bug == PlantedBug::none) {
    hand_on(outputs, *this);
  } else {
    BuggyReceiver buggy(*this, world_.planted_bug);
    hand_on(outputs, buggy);
  }
  if (!routing_queue_.empty() ||
      (data_ && !(data_->storage_queue.empty() && data_->replication_queue.empty())))
    want_step();
  want_timer();
}

void SimPeer::want_timer() {
  std::optional<MonoTime> next;
  for (const auto deadline : {routing_.next_deadline(), data_ ? data_->storage.next_deadline() : std::nullopt,
                              data_ ? data_->replication.next_deadline() : std::nullopt})
    if (deadline && (!next || *deadline < *next)) next = deadline;
  if (!alive_ || !next) return;
  // Never at once again: a deadline that has passed must not stop the time.
  const std::int64_t due_us = std::max(next->ms * 1000, world_.clock.now_us() + 1000);
  if (timer_due_us_ && *timer_due_us_ <= due_us) return;
  timer_due_us_ = due_us;
  world_.clock.at_us(due_us, [world = &world_, process = process_] {
    SimPeer* const self = world->processes[process];
    if (self != nullptr && self->alive_) self->timer();
  });
}

void SimPeer::timer() {
  if (timer_due_us_ != world_.clock.now_us()) return;  // an earlier one was set after this
  timer_due_us_.reset();
  const Now now = this->now();
  Outputs outputs;
  const auto ring = [&now](auto& component, auto& out) {
    const auto deadline = component.next_deadline();
    if (deadline && *deadline <= now.mono) component.on_timer(now, out);
  };
  ring(routing_, outputs.routing);
  if (data_) ring(data_->storage, outputs.storage);
  if (data_) ring(data_->replication, outputs.replication);
  settle(outputs);
}

bool SimPeer::trusts(const security::Certificate& other) const {
  return world_.inspector(identity_.configuration).context().trust->check(other, {}, now().wall_ms).ok();
}

// ---- effects ----------------------------------------------------------------------------------------------

void SimPeer::perform(routing::Inspect order) {
  const auto delay = random_.between(world_.workload.inspection_min_us, world_.workload.inspection_max_us);
  auto held = std::make_shared<routing::Inspect>(std::move(order));
  later(delay, [held](SimPeer& self) {
    auto verdict =
        self.world_.inspector(self.identity_.configuration)
            .inspect(self.now().wall_ms, std::move(held->header), held->bytes, held->fetch_resource);
    self.to_routing(routing::Inspected{
        held->ticket, std::make_shared<Result<security::InspectedMessage>>(std::move(verdict))});
  });
}

void SimPeer::perform(routing::RequestDone done) {
  auto& requests = application().requests;
  const auto found = requests.find(done.token);
  if (found == requests.end()) return;
  const RequestAnswer answer = std::move(found->second);
  requests.erase(found);
  if (answer) answer(std::move(done));
}

void SimPeer::tell_applications(routing::ApplicationEvent event) {
  if (application_ && application_->events) application_->events(std::move(event));
}

void SimPeer::perform(const routing::ConfigurationChanged& change) {
  identity_.configuration = change.configuration;
  identity_.learnt_kinds = change.learnt_kinds;
}

void SimPeer::perform(routing::Left) {
  left_ = true;
  // The process ends once its last messages are out: a closed socket, not a lost one.
  later(0, [](SimPeer& self) { self.die(Death::reset); });
}

void SimPeer::perform(routing::MustExit exit) {
  exit_reason_ = std::move(exit.reason);
  perform(routing::Left{});
}

void SimPeer::perform(data::Commit commit) {
  Data& mine = need_data();
  mine.commits.push_back(std::move(commit));
  if (!mine.writing) begin_write();
}

std::int64_t SimPeer::write_takes_us() {
  if (identity_.faults.disk_takes > Duration{0}) return identity_.faults.disk_takes.count() * 1000;
  return random_.between(world_.workload.commit_min_us, world_.workload.commit_max_us);
}

// Commits that wait together are one write, as with the committer of a real peer.
void SimPeer::begin_write() {
  Data& mine = need_data();
  mine.writing = true;
  std::vector<data::WriteBatch> batches;
  for (auto& commit : std::exchange(mine.commits, {})) {
    mine.written_tokens.push_back(commit.token);
    batches.push_back(std::move(commit.batch));
  }
  if (!identity_.faults.disk_full) mine.write = identity_.need_disk()->begin_commit(std::move(batches));
  later(write_takes_us(), [](SimPeer& self) { self.finish_write(); });
}

void SimPeer::finish_write() {
  Data& mine = need_data();
  if (!mine.write) return end_write(false, "no space left on the disk");
  identity_.need_disk()->finish_commit(*mine.write);
  mine.write.reset();
  end_write(true, "");
}

void SimPeer::end_write(bool ok, const std::string& reason) {
  Data& mine = need_data();
  mine.writing = false;
  for (const std::uint64_t token : std::exchange(mine.written_tokens, {}))
    to_storage(data::Committed{token, ok, reason});
  if (!mine.commits.empty()) begin_write();
}

SimPeer::Application& SimPeer::application() {
  if (!application_) application_ = std::make_unique<Application>();
  return *application_;
}

void SimPeer::perform(data::CallsDone done) {
  auto& calls = application().calls;
  const auto found = calls.find(done.token);
  if (found == calls.end()) return;
  const CallsAnswer answer = std::move(found->second);
  calls.erase(found);
  if (answer) answer(std::move(done.results));
}

void SimPeer::perform(data::CertificatesFound found) {
  auto search = application().searches.extract(found.token);
  if (search) search.mapped()(std::move(found));
}

void SimPeer::perform(data::CheckValues order) {
  const auto delay = random_.between(world_.workload.inspection_min_us, world_.workload.inspection_max_us);
  later(delay, [order = std::move(order)](SimPeer& self) {
    data::ValuesChecked checked{order.ticket, {}};
    auto& inspector = self.world_.inspector(self.identity_.configuration);
    for (const auto& value : *order.values)
      checked.verdicts.push_back(
          inspector.check_value(self.now().wall_ms, order.resource, order.kind, value, order.certificates));
    self.to_storage(std::move(checked));
  });
}

void SimPeer::perform(data::WatchEvent event) {
  auto& watches = application().watches;
  const auto found = watches.find(event.token);
  if (found == watches.end()) return;
  const Watching watching = found->second;
  if (std::holds_alternative<data::CallFailure>(event.result)) {
    watches.erase(found);
  } else if (!watching.slow) {
    watch_next(event.token);
  }
  watching.event(std::move(event.result));
}

void SimPeer::perform(data::ServiceDone done) {
  auto waiting = application().services.extract(done.token);
  if (waiting && waiting.mapped()) waiting.mapped()(std::move(done));
}

void SimPeer::perform(data::RelaysFound found) {
  auto waiting = application().relays.extract(found.token);
  if (waiting && waiting.mapped()) waiting.mapped()(std::move(found));
}

// ---- the application --------------------------------------------------------------------------------------

std::uint64_t SimPeer::submit(std::vector<data::Call> calls, CallsAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().calls[token] = std::move(done);
  to_storage(data::Calls{token, std::move(calls)});
  return token;
}

void SimPeer::cancel(std::uint64_t token) {
  if (application().calls.erase(token) > 0) to_storage(data::CancelCalls{token});
}

void SimPeer::find_certificates(data::CertificatesOf of, CertificatesAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().searches[token] = std::move(done);
  to_storage(data::FindCertificates{token, std::move(of)});
}

std::uint64_t SimPeer::watch(data::WatchCall call, WatchAnswer event, bool slow) {
  const std::uint64_t token = ++application().last_token;
  application().watches[token] = {std::move(event), slow};
  to_storage(data::Watch{token, std::move(call)});
  return token;
}

void SimPeer::cancel_watch(std::uint64_t token) {
  if (application().watches.erase(token) > 0) to_storage(data::CancelWatch{token});
}

void SimPeer::register_service(std::string service, std::uint32_t lifetime_s, ServiceAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().services[token] = std::move(done);
  to_storage(data::RegisterService{token, std::move(service), lifetime_s});
}

void SimPeer::unregister_service(std::string service, ServiceAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().services[token] = std::move(done);
  to_storage(data::UnregisterService{token, std::move(service)});
}

void SimPeer::withdraw_services(ServiceAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().services[token] = std::move(done);
  to_storage(data::WithdrawServices{token});
}

void SimPeer::find_service(std::string service, std::optional<NodeId> key, ServiceAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().services[token] = std::move(done);
  to_storage(data::FindService{token, std::move(service), key, random_.next()});
}

void SimPeer::find_relays(std::size_t wanted, std::size_t probes, RelaysAnswer done) {
  const std::uint64_t token = ++application().last_token;
  application().relays[token] = std::move(done);
  data::FindRelays order{token, wanted, {}, random_.next()};
  while (order.probes.size() < probes) {
    ResourceId point;
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random_.next());
    order.probes.push_back(point);
  }
  to_storage(std::move(order));
}

void SimPeer::use_signer(std::shared_ptr<const security::Signer> signer) {
  identity_.signer = std::move(signer);
  to_routing(routing::UseSigner{identity_.signer});
  to_storage(routing::UseSigner{identity_.signer});
  to_replication(routing::UseSigner{identity_.signer});
}

void SimPeer::request(routing::SendRequest request, RequestAnswer done) {
  request.origin = routing::Origin::application;
  request.token = ++application().last_token;
  application().requests[request.token] = std::move(done);
  to_routing(std::move(request));
}

}  // namespace ringway::sim
