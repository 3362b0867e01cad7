#include "net/ice/nice_agent.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "net/ice/nice_candidates.hpp"

namespace ringway::net::ice {

namespace {

constexpr guint k_component = 1;
// RFC 8445 §14.2: a check each 50 ms of one agent; all of them together none within 5 ms of another, which
// is 10 agents.
constexpr std::size_t k_pacing_ms = 50, k_pacing_of_all_ms = 5;

struct Closing {
  std::shared_ptr<Shared> shared;
  Slot slot;  // its sockets are open as long as that lasts
};

void free_text(gchar* text) {
  if (text == nullptr) return;
  const SecretText copy{text};  // wiped with it
  std::fill_n(static_cast<volatile gchar*>(text), copy.text().size(), '\0');
  g_free(text);
}

}  // namespace

// ---- what is shared

void Shared::begin_closing() {
  const std::lock_guard lock(mutex_);
  ++closing_;
}

void Shared::end_closing() {
  const std::lock_guard lock(mutex_);
  --closing_;
  one_closed_.notify_all();
}

void Shared::wait_until_closed(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  one_closed_.wait_for(lock, at_most, [this] { return closing_ == 0; });
}

// ---- gathering

LoopAgent::LoopAgent(const GlibLoop& loop, std::shared_ptr<Shared> shared, Slot slot,
                     std::weak_ptr<AgentEvents> events)
    : loop_(loop), shared_(std::move(shared)), slot_(std::move(slot)), events_(std::move(events)) {}

guint LoopAgent::pacing_ms() const {
  return static_cast<guint>(std::max(k_pacing_ms, k_pacing_of_all_ms * (shared_->busy + 1)));
}

void LoopAgent::set_state(State state) {
  const auto is_busy = [](State one) { return one == State::gathering || one == State::checking; };
  const State before = std::exchange(state_, state);
  if (is_busy(before) && !is_busy(state)) --shared_->busy;
  if (!is_busy(before) && is_busy(state)) ++shared_->busy;
}

void LoopAgent::start(const Gathering& what, std::function<void()> ended) {
  ended_ = std::move(ended);
  only_relayed_ = what.only_relayed;
  agent_ =
      nice_agent_new_full(loop_.context(), NICE_COMPATIBILITY_RFC5245, NICE_AGENT_OPTION_REGULAR_NOMINATION);
  g_object_set(G_OBJECT(agent_), "controlling-mode", gboolean{what.role == Role::controlling}, "ice-tcp",
               FALSE, "upnp", FALSE, "stun-pacing-timer", pacing_ms(), "force-relay",
               gboolean{what.only_relayed}, nullptr);
  if (!configure(what)) return fail("ICE cannot be set up with these servers");
  listen_to_signals();
  set_state(State::gathering);
  deadline_.set(loop_, shared_->limits.gathering, [this] { tell_gathered(); });
  if (nice_agent_gather_candidates(agent_, stream_) == FALSE) fail("no address to gather candidates at");
}

bool LoopAgent::configure(const Gathering& what) {
  stream_ = nice_agent_add_stream(agent_, k_component);
  if (stream_ == 0) return false;
  for (const auto& each : what.local_addresses) {
    auto address = to_nice(each);
    if (!address) return false;
    nice_address_set_port(&*address, 0);
    if (nice_agent_add_local_address(agent_, &*address) == FALSE) return false;
  }
  if (what.stun_server) {
    const auto address = to_nice(*what.stun_server);
    if (!address) return false;
    g_object_set(G_OBJECT(agent_), "stun-server", ip_text(*address).c_str(), "stun-server-port",
                 guint{what.stun_server->port}, nullptr);
  }
  for (const auto& server : what.turn_servers) {
    const auto address = to_nice(server.at);
    if (!address) return false;
    const auto over =
        server.over == TurnServer::Over::udp ? NICE_RELAY_TYPE_TURN_UDP : NICE_RELAY_TYPE_TURN_TCP;
    if (nice_agent_set_relay_info(agent_, stream_, k_component, ip_text(*address).c_str(), server.at.port,
                                  server.username.c_str(), server.password.text().c_str(), over) == FALSE)
      return false;
  }
  return true;
}

void LoopAgent::listen_to_signals() {
  using Self = LoopAgent;
  g_signal_connect(
      agent_, "candidate-gathering-done",
      G_CALLBACK(+[](NiceAgent*, guint, gpointer self) { static_cast<Self*>(self)->tell_gathered(); }), this);
  g_signal_connect(agent_, "new-selected-pair-full",
                   G_CALLBACK(+[](NiceAgent*, guint, guint, NiceCandidate* local, NiceCandidate* remote,
                                  gpointer self) { static_cast<Self*>(self)->on_selected(*local, *remote); }),
                   this);
  g_signal_connect(agent_, "component-state-changed",
                   G_CALLBACK(+[](NiceAgent*, guint, guint, guint state, gpointer self) {
                     static_cast<Self*>(self)->on_component_state(state);
                   }),
                   this);
  nice_agent_attach_recv(
      agent_, stream_, k_component, loop_.context(),
      [](NiceAgent*, guint, guint, guint size, gchar* octets, gpointer self) {
        static_cast<Self*>(self)->on_datagram(view_of({octets, size}));
      },
      this);
}

// Servers that do not answer in time are not waited for.
void LoopAgent::tell_gathered() {
  if (state_ != State::gathering) return;
  const auto self = shared_from_this();  // who is told may end it
  deadline_.clear();
  Description local;
  local.candidates = told_candidates(agent_, stream_, only_relayed_);
  if (local.candidates.empty()) return fail("no candidates");
  gchar *ufrag = nullptr, *password = nullptr;
  nice_agent_get_local_credentials(agent_, stream_, &ufrag, &password);
  if (ufrag != nullptr) local.ufrag = ufrag;
  if (password != nullptr) local.password = SecretText(password);
  free_text(ufrag);
  free_text(password);
  set_state(State::gathered);
  if (const auto events = events_.lock()) events->gathered(std::move(local));
}

// ---- checks

void LoopAgent::set_remote(const Description& remote) {
  if (state_ != State::gathered) return;
  const auto self = shared_from_this();
  if (const auto why = why_unusable(remote); !why.empty()) return fail(why);
  const RemoteCandidates candidates(remote.candidates, stream_);
  if (candidates.list() == nullptr) return fail("none of its candidates can be tried");
  g_object_set(G_OBJECT(agent_), "stun-pacing-timer", pacing_ms(), nullptr);
  set_state(State::checking);
  deadline_.set(loop_, shared_->limits.connecting, [this] { fail("ICE has found no path in time"); });
  if (nice_agent_set_remote_credentials(agent_, stream_, remote.ufrag.c_str(),
                                        remote.password.text().c_str()) == FALSE ||
      nice_agent_set_remote_candidates(agent_, stream_, k_component, candidates.list()) < 1)
    fail("its candidates are of no use");
}

void LoopAgent::on_selected(const NiceCandidate& local, const NiceCandidate& remote) {
  if (state_ != State::checking) return;
  const auto self = shared_from_this();
  deadline_.clear();
  set_state(State::connected);
  const SelectedPair pair{kind_of(local), kind_of(remote), from_nice(local.addr), from_nice(remote.addr)};
  const auto has = [&](EndKind kind) { return pair.local == kind || pair.remote == kind; };
  if (has(EndKind::relayed))
    ++shared_->relayed;
  else if (has(EndKind::server_reflexive) || has(EndKind::peer_reflexive))
    ++shared_->reflexive;
  else
    ++shared_->direct;
  if (const auto events = events_.lock()) events->connected(pair);
  flush();
}

void LoopAgent::on_component_state(guint state) {
  if (state != NICE_COMPONENT_STATE_FAILED) return;
  if (state_ == State::checking) return fail("no pair of candidates has a path");
  if (state_ == State::connected) return fail("the path is gone");
}

// ---- datagrams

void LoopAgent::on_datagram(BytesView datagram) {
  if (state_ == State::ended || datagram.empty()) return;
  const auto self = shared_from_this();
  if (const auto events = events_.lock()) events->received(datagram);
}

bool LoopAgent::enqueue(BytesView datagram) {
  const std::lock_guard lock(mutex_);
  if (outgoing_.size() >= shared_->limits.waiting_datagrams) {
    ++shared_->lost_datagrams;
    return false;
  }
  outgoing_.push_back(copy_of(datagram));
  return outgoing_.size() == 1;
}

void LoopAgent::flush() {
  if (state_ != State::connected) return;
  std::deque<Bytes> datagrams;
  {
    const std::lock_guard lock(mutex_);
    datagrams.swap(outgoing_);
  }
  // What the system does not take is lost. Sending may end the agent.
  for (const auto& each : datagrams)
    if (state_ == State::connected &&
        nice_agent_send(agent_, stream_, k_component, static_cast<guint>(each.size()),
                        reinterpret_cast<const gchar*>(each.data())) < 0)
      ++shared_->lost_datagrams;
}

// ---- the end

void LoopAgent::fail(const std::string& reason) {
  if (state_ == State::ended) return;
  const auto self = shared_from_this();
  ++shared_->failed;
  const auto events = events_.lock();
  end();
  if (events) events->failed(reason);
}

void LoopAgent::end() {
  if (state_ == State::ended) return;
  const auto self = shared_from_this();
  set_state(State::ended);
  deadline_.clear();
  if (NiceAgent* const agent = std::exchange(agent_, nullptr)) {
    g_signal_handlers_disconnect_by_data(agent, this);
    if (stream_ != 0) nice_agent_attach_recv(agent, stream_, k_component, loop_.context(), nullptr, nullptr);
    shared_->begin_closing();
    // Gives the allocations of relays back (RFC 8656 §8), and waits for their answers.
    auto closing = std::make_unique<Closing>(Closing{shared_, std::move(slot_)});
    nice_agent_close_async(
        agent,
        [](GObject* closed, GAsyncResult*, gpointer data) {
          const std::unique_ptr<Closing> owned(static_cast<Closing*>(data));
          g_object_unref(closed);
          owned->shared->end_closing();
        },
        closing.release());
  }
  slot_ = {};
  if (const auto ended = std::exchange(ended_, nullptr)) ended();
}

}  // namespace ringway::net::ice
