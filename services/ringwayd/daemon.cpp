#include "services/ringwayd/daemon.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/peer.hpp"
#include "actors/system_random.hpp"
#include "net/interfaces.hpp"
#include "services/api/address.hpp"
#include "services/api/server.hpp"
#include "services/ringwayd/api_tls.hpp"
#include "services/ringwayd/credentials.hpp"
#include "services/ringwayd/fetched_document.hpp"
#include "services/ringwayd/further_users.hpp"
#include "services/ringwayd/namesakes.hpp"
#include "services/ringwayd/own_credentials.hpp"
#include "services/ringwayd/permissions.hpp"
#include "services/ringwayd/phone_reload.hpp"
#include "services/ringwayd/phone_settings.hpp"
#include "services/ringwayd/ready_file.hpp"
#include "services/ringwayd/relay_settings.hpp"
#include "services/ringwayd/running_peer.hpp"
#include "services/ringwayd/upkeep_status.hpp"
#include "services/ringwayd/watcher.hpp"
#include "services/upkeep/enrollment_file.hpp"
#include "services/upkeep/upkeep.hpp"

namespace ringway::services {
namespace {

constexpr std::chrono::milliseconds k_look_while_joining{200};
constexpr std::chrono::milliseconds k_look_when_joined{1000};
constexpr std::chrono::milliseconds k_api_grace{2000};

sigset_t own_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, k_wake_signal}) sigaddset(&set, number);
  return set;
}

WallMs wall_now_ms() {
  using namespace std::chrono;
  return static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

Duration duration_of(double seconds) { return Duration{std::llround(seconds * 1000)}; }

class Daemon {
 public:
  Daemon(const Settings& settings, EventLog& log) : settings_(settings), log_(log) {}
  // The APIs ask the upkeep for its report; the upkeep's thread asks for the peers' names, so it goes before
  // them.
  ~Daemon() {
    for (auto& running : peers_) running->api.reset();
    upkeep_.reset();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  int run() {
    if (auto wrong = load(); !wrong.empty()) return end_early(k_daemon_usage, wrong);
    if (auto wrong = start(); !wrong.empty()) return end_early(k_daemon_not_started, wrong);
    return watch();
  }

 private:
  int end_early(DaemonExit code, const std::string& reason) {
    log_.error("", "not started", {{"reason", reason}});
    stop_apis(std::chrono::milliseconds{0});
    return code;
  }

  // ---- starting

  std::string load() {
    auto tls = load_api_tls(settings_);
    if (!tls) return tls.error().reason;
    api_tls_ = std::move(*tls);
    if (settings_.relay.relays())
      if (const auto secrets = load_relay_secrets(settings_.relay); !secrets) return secrets.error().reason;
    for (std::size_t i = 0; i < settings_.peers; ++i) {
      const std::string folder = settings_.credentials_of(i);
      const std::string document = settings_.config_document.empty()
                                       ? find_document(folder, settings_.credentials)
                                       : settings_.config_document;
      if (auto wrong = make_own_credentials(folder, document); !wrong.empty()) return wrong;
      auto credentials = load_credentials(folder, document, wall_now_ms());
      if (!credentials) return credentials.error().reason;
      auto enrollment = enrollment_of(folder);
      if (!enrollment) return enrollment.error().reason;
      auto& peer = peers_.emplace_back(std::make_unique<RunningPeer>());
      peer->number = i;
      peer->name = "peer-" + std::to_string(i);
      peer->document = document;
      peer->credentials = std::move(*credentials);
      peer->enrollment = std::move(*enrollment);
      replace_expired(*peer);
      if (peer->credentials.key_readable_by_others) {
        log_.warn(peer->name, "the private key can be read by others", {{"file", folder + "/node.key"}});
      }
      if (auto wrong = load_policy(*peer); !wrong.empty()) return wrong;
      if (peer->credentials.secret_readable_by_others) {
        log_.warn(peer->name, "the overlay's shared secret can be read by others", {{"file", document}});
      }
      if (auto wrong = find_addresses(*peer); !wrong.empty()) return wrong;
    }
    return load_users();
  }

  std::string load_policy(RunningPeer& peer) {
    if (settings_.api_policy.empty()) return "";
    const auto text = read_small_file(settings_.api_policy);
    if (!text) return "--api-policy: " + text.error().reason;
    auto policy = ApiPolicy::parse(*text, peer.credentials.user);
    if (!policy) return "--api-policy: " + settings_.api_policy + ": " + policy.error().reason;
    peer.policy = std::move(*policy);
    return "";
  }

  // Each peer of this process may write as them.
  std::string load_users() {
    auto users = load_further_users(settings_.user_credentials, peers_.front()->credentials, wall_now_ms());
    if (!users) return "--user-credentials: " + users.error().reason;
    for (auto& one : *users) {
      const EventLog::Fields fields{{"user", one.user}, {"node", one.node.hex()}, {"folder", one.folder}};
      if (one.key_readable_by_others) log_.warn("", "a user's private key can be read by others", fields);
      if (one.not_valid_now) {
        log_.error("", "a user's certificate is not valid now: nobody can write as him", fields);
        continue;
      }
      log_.info("", "callers may write as a further user, if the policy lets them", fields);
      enrollment_of_user(one.enrollment);
      users_.add(std::move(one.credentials));
      held_.push_back(std::move(one));
    }
    if (!held_.empty() && settings_.api_policy.empty()) {
      log_.warn("", "nobody can write as the users of --user-credentials: that takes an --api-policy");
    }
    return "";
  }

  // His certificate is renewed; documents are the peers' business.
  void enrollment_of_user(EnrollmentServer& server) const {
    server.configuration_url.clear();
    if (!settings_.enrollment_ca.empty()) server.ca_file = settings_.enrollment_ca;
  }

  // What the flags say comes first.
  Result<EnrollmentServer> enrollment_of(const std::string& folder) const {
    auto file = read_enrollment_file(folder);
    if (!file) return file.error();
    EnrollmentServer server = file->value_or(EnrollmentServer{});
    if (!settings_.configuration_url.empty()) {
      server.configuration_url = settings_.configuration_url;
      server.found_by_name = false;
    }
    if (!settings_.enrollment_ca.empty()) server.ca_file = settings_.enrollment_ca;
    return server;
  }

  // Without a newer one it is the store's turn (actors/configuration_choice.hpp).
  void replace_expired(RunningPeer& peer) {
    const auto expired = peer.credentials.configuration;
    if (!expired->expired_at(wall_now_ms()) || peer.enrollment.configuration_url.empty()) return;
    const auto wrong = fetch_document(peer, *expired, "the expired one");
    if (wrong.empty()) return;
    log_.warn(peer.name, "the configuration document has expired, and no newer one could be fetched",
              {{"reason", wrong}});
  }

  // A newer one than `old` from the configuration server, for this start and for later ones.
  std::string fetch_document(RunningPeer& peer, const config::Configuration& old, const std::string& what) {
    const auto fetched = fetch_newer_document(peer.enrollment, old, peer.document, wall_now_ms());
    if (!fetched) return fetched.error().reason;
    peer.credentials.configuration = fetched->configuration;
    log_.info(peer.name, "fetched a configuration document in the place of " + what,
              {{"sequence", fetched->configuration->sequence}});
    warn_if(peer.name, fetched->not_kept);
    return "";
  }

  std::string make_own_credentials(const std::string& folder, const std::string& document) {
    if (settings_.self_signed_user.empty()) return "";
    const auto own = ensure_own_credentials(folder, document, settings_.self_signed_user, wall_now_ms());
    if (!own) return own.error().reason;
    if (own->made) log_.info("", "made a key and a certificate for this peer", {{"folder", folder}});
    if (own->renewed) log_.info("", "made a new certificate for this peer's key", {{"folder", folder}});
    return "";
  }

  bool discovers(const RunningPeer& peer) const {
    return settings_.discovery == "on" ||
           (settings_.discovery == "auto" && is_ad_hoc(*peer.credentials.configuration));
  }

  // Where nobody says which addresses others reach this machine at, those that it has on its networks. (The
  // port is known when the peer listens.)
  std::string find_addresses(const RunningPeer& peer) {
    if (!settings_.needs_addresses()) return "";
    if (discovers(peer) && !net::reachable_addresses(settings_.listen_address).empty()) return "";
    return "--listen " + settings_.listen + " is no address that others can connect to" +
           (discovers(peer) ? ", and this machine has none on any network" : "") +
           ": give one with --advertise";
  }

  std::string start() {
    for (const auto& host : settings_.bootstrap) {
      auto addresses = resolve(host);
      if (!addresses) return "--bootstrap: " + addresses.error().reason;
      bootstrap_.insert(bootstrap_.end(), addresses->begin(), addresses->end());
    }
    actors::HostSettings threads;
    threads.actor_threads = settings_.actor_threads;
    threads.io_threads = settings_.io_threads;
    threads.crypto_threads = settings_.crypto_threads;
    host_ = actors::PeerHost::make(threads);
    if (auto wrong = start_peers(); !wrong.empty()) return wrong;
    start_upkeep();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (auto wrong = start_api(i); !wrong.empty()) return peers_[i]->name + ": " + wrong;
    }
    return "";
  }

  actors::PeerSettings peer_settings(const RunningPeer& running, bool first) const {
    const Credentials& credentials = running.credentials;
    actors::PeerSettings out;
    out.name = running.name;
    out.configuration = credentials.configuration;
    out.private_key_pem = credentials.private_key_pem;
    out.certificates_pem = credentials.certificates_pem;
    out.further_users = users_.all();
    out.storage.keeps_users_certificates = first;
    out.data_directory = settings_.data_of(running.number);
    out.listen = settings_.listen_of(running.number);
    out.advertise = settings_.advertise_of(running.number);
    out.routing.bootstrap = bootstrap_;
    out.discovery = discovers(running);
    // Without an authority there is nobody to say who comes first: whoever finds no others begins the ring.
    const bool begins = settings_.first_peer || (out.discovery && is_ad_hoc(*credentials.configuration));
    out.routing.first_peer = begins && first;
    out.advertise_all = settings_.needs_addresses();
    out.routing.max_links = settings_.max_links;
    out.replication.successor_hold_down = duration_of(settings_.successor_hold_down_s);
    out.storage.successor_hold_down = out.replication.successor_hold_down;
    out.replication.background_bytes_per_s = settings_.replication_rate_bytes_per_s;
    out.replication.comparison_interval = duration_of(settings_.comparison_interval_s);
    out.links.datagrams = settings_.datagram_links;
    out.links.max_links =
        settings_.max_links + routing::k_max_connections_per_channel * out.routing.max_channels;
    out.leave_timeout = duration_of(settings_.leave_timeout_s);
    return out;
  }

  // Whom the overlay shuts out stays out; the others of this process are no worse for it.
  std::string start_peers() {
    std::string left_out;
    const bool several = peers_.size() > 1;
    bool first = true;
    for (auto& running : peers_) {
      const auto wrong = start_peer(*running, first);
      if (!wrong) {
        first = false;
        continue;
      }
      const std::string reason = running->name + ": " + wrong->reason;
      if (wrong->shut_out_by == nullptr) return reason;
      if (several) log_.error(running->name, "this peer is left out", {{"reason", wrong->reason}});
      if (left_out.empty()) left_out = reason;
    }
    std::erase_if(peers_, [](const auto& running) { return running->peer == nullptr; });
    return peers_.empty() ? left_out : "";
  }

  std::optional<actors::StartFailure> start_peer(RunningPeer& running, bool first) {
    std::error_code failed;
    const std::filesystem::path folder = settings_.data_of(running.number);
    if (std::filesystem::create_directories(folder, failed))
      std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    if (failed)
      return actors::StartFailure{"cannot make the folder " + folder.string() + ": " + failed.message()};
    warn_if(running.name, data_folder_warning(folder.string()));

    auto started = start_by_present_document(running, first);
    if (!started) return started.error();
    running.peer = std::move(*started);
    const auto listening = running.peer->listening_on();
    log_.info(running.name, "started",
              {{"node", running.credentials.node.hex()},
               {"user", running.credentials.user},
               {"overlay", running.credentials.configuration->instance_name},
               {"listening_on", to_text(listening)}});
    if (const auto phones = to_texts(running.peer->phones_listening_on()); !phones.empty())
      log_.info(running.name, "phones are served", {{"listening_on", phones}});
    if (const auto relay = running.peer->relay_listening_on(); !relay.empty())
      log_.info(running.name, "relaying", {{"listening_on", relay}});
    // The other peers of this process join through the first.
    if (first) {
      const auto advertised = settings_.advertise_of(running.number);
      bootstrap_.push_back(advertised.empty() ? as_local(listening) : advertised.front());
    }
    return std::nullopt;
  }

  using Started = Result<std::shared_ptr<actors::Peer>, actors::StartFailure>;

  Started try_to_start(RunningPeer& running, bool first) {
    auto settings = peer_settings(running, first);
    if (auto wrong = add_phones(running, settings); !wrong.empty()) return actors::StartFailure{wrong};
    if (auto wrong = add_relay(running, settings); !wrong.empty()) return actors::StartFailure{wrong};
    if (!settings.routing.first_peer) running.watcher.looks_for_peers_at(bootstrap_);
    return host_->start_peer(settings, [this, &running](actors::PeerFailure failure) {
      mailbox_.post(&Mailbox::failures, std::pair{&running, std::move(failure)});
    });
  }

  // Whose phones it may serve.
  std::vector<std::string> users_of(const RunningPeer& running) const {
    std::vector<std::string> users{running.credentials.user};
    for (const auto& one : held_) users.push_back(one.user);
    return users;
  }

  std::string add_phones(const RunningPeer& running, actors::PeerSettings& settings) const {
    auto phones = load_phones(settings_, running.number, running.credentials.configuration->instance_name,
                              users_of(running));
    if (!phones) return phones.error().reason;
    for (const auto& warning : phones->warnings) log_.warn(running.name, warning);
    settings.sip = std::move(phones->settings);
    return "";
  }

  std::string add_relay(const RunningPeer& running, actors::PeerSettings& settings) const {
    auto relay = load_relay(settings_, running.number, running.credentials.configuration->instance_name);
    if (!relay) return relay.error().reason;
    for (const auto& warning : relay->warnings) log_.warn(running.name, warning);
    settings.relay = std::move(relay->settings);
    return "";
  }

  // Whom the document that it has shuts out may have been taken back since: the configuration server knows.
  Started start_by_present_document(RunningPeer& running, bool first) {
    auto started = try_to_start(running, first);
    if (started || started.error().shut_out_by == nullptr) return started;
    std::string unknown;
    if (!running.enrollment.configuration_url.empty()) {
      unknown = fetch_document(running, *started.error().shut_out_by, "the one that shuts this peer out");
      if (unknown.empty()) started = try_to_start(running, first);
      if (started || started.error().shut_out_by == nullptr) return started;
    }
    if (!unknown.empty()) unknown = " (no newer document could be fetched: " + unknown + ")";
    return actors::StartFailure{started.error().reason + unknown +
                                    "; when the overlay takes the node back: put the present configuration "
                                    "document in the place of " +
                                    running.document +
                                    " (or wait until the enrollment server has it) and start again",
                                started.error().shut_out_by};
  }

  void start_upkeep() {
    std::vector<UpkeepSubject> subjects;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      const RunningPeer& running = *peers_[i];
      const Credentials& credentials = running.credentials;
      subjects.push_back({running.peer,
                          running.enrollment,
                          settings_.credentials_of(running.number),
                          {credentials.private_key_pem, credentials.certificates_pem},
                          credentials.configuration});
    }
    for (std::size_t i = 0; i < held_.size(); ++i) subjects.push_back(user_subject(i));
    UpkeepSettings settings;
    settings.times.poll.period = duration_of(settings_.configuration_poll_s);
    const auto tell = [this](std::size_t index, const UpkeepNote& note) {
      const bool of_peer = index < peers_.size();
      auto fields = EventLog::Fields::object();
      if (!of_peer) fields["user"] = held_[index - peers_.size()].user;
      if (!note.detail.empty()) fields["reason"] = note.detail;
      log_.write(note.warning ? spdlog::level::warn : spdlog::level::info, of_peer ? peers_[index]->name : "",
                 note.event, fields);
    };
    upkeep_.emplace(settings, Upkeep::World{std::make_shared<actors::SystemRandom>(), wall_now_ms, tell},
                    std::move(subjects));
  }

  // After the peers'. From now on only the thread of Upkeep looks at users_.
  UpkeepSubject user_subject(std::size_t index) {
    const auto& [private_key_pem, certificates_pem] = users_.all()[index];
    UpkeepSubject out{peers_.front()->peer,
                      held_[index].enrollment,
                      held_[index].folder,
                      {private_key_pem, certificates_pem},
                      peers_.front()->credentials.configuration};
    out.use_as_user = [this, index](const KeyAndCertificate& renewed, UpkeepSubject::Done done) {
      UsersInUse::Peers peers;
      for (const auto& running : peers_) {
        if (!running->ended) peers.push_back(running->peer);
      }
      users_.renew(index, {renewed.private_key_pem, renewed.certificates_pem}, peers, std::move(done));
    };
    return out;
  }

  // 0.0.0.0 and :: are addresses to listen at; whoever is on this machine connects to loopback.
  static wire::IpAddressPort as_local(wire::IpAddressPort address) {
    if (!is_any(address)) return address;
    const auto loopback = parse_address(address.type == wire::AddressType::ipv4 ? "127.0.0.1:1" : "[::1]:1");
    address.address = loopback->address;
    return address;
  }

  void warn_if(const std::string& peer, const std::string& warning) {
    if (!warning.empty()) log_.warn(peer, warning);
  }

  std::string start_api(std::size_t index) {
    auto& running = *peers_[index];
    ApiSettings api;
    api.socket_path = settings_.api_socket_of(running.number);
    api.socket_mode = settings_.api_mode;
    if (!api.socket_path.empty()) warn_if(running.name, socket_warning(api.socket_path, api.socket_mode));
    api.listen = settings_.api_listen_of(running.number);
    api.tls = api_tls_;
    api.add_to_status = [this, index](v1::StatusResponse& status) {
      fill(status, upkeep_->report(index));
      for (const NodeId& node : peers_[index]->namesakes.present()) status.add_namesakes(node.hex());
    };
    api.user = running.credentials.user;
    api.policy = running.policy;
    auto server = ApiServer::start(
        api, running.peer, [this, index](std::function<void()> done) { leave(index, std::move(done)); });
    if (!server) return server.error().reason;
    running.api = std::move(*server);
    log_.info(running.name, "API listening", {{"endpoints", running.api->endpoints()}});
    return "";
  }

  // ---- watching

  int watch() {
    const auto signals = own_signals();
    while (true) {
      ask_statuses();
      const auto wait = ready_ ? k_look_when_joined : k_look_while_joining;
      timespec time{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
      const int signal = ::sigtimedwait(&signals, nullptr, &time);
      if (signal == SIGTERM || signal == SIGINT) take_stop_signal(signal);
      // A relay may wait for its clients for a day.
      if (signal == SIGHUP && (!stopping_ || settings_.relay.relays())) read_files_again();
      if (const auto failed = read_mailbox(); !failed.empty()) return end_failed(failed);
      if (all_left()) return must_end_.empty() ? end_left() : end_failed(must_end_);
    }
  }

  void read_files_again() {
    for (const auto& running : peers_) {
      if (running->left) continue;
      const auto& overlay = running->credentials.configuration->instance_name;
      reload_relay(settings_.relay, running->name, running->peer, log_);
      if (settings_.relay.relays() && settings_.sip_listen.empty()) continue;
      reload_phones(settings_, {running->name, running->number, overlay, users_of(*running)}, running->peer,
                    log_);
    }
  }

  void ask_statuses() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return;
    next_look_ = now + (ready_ ? k_look_when_joined : k_look_while_joining);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      auto& running = *peers_[i];
      if (running.asked || running.left) continue;
      running.asked = true;
      running.peer->status([this, i](actors::PeerStatus status) {
        mailbox_.post(&Mailbox::statuses, std::pair{i, std::move(status)});
      });
    }
  }

  void take_stop_signal(int signal) {
    if (stopping_) {
      log_.warn("", "second signal: stopping at once");
      std::_Exit(k_daemon_cut_short);  // no hand-over, no destructors: the store is made for that
    }
    stopping_ = true;
    log_.info("", "leaving", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    leave_all();
  }

  void leave_all() {
    for (std::size_t i = 0; i < peers_.size(); ++i) leave(i, [] {});
  }

  // Also called by gRPC's threads.
  void leave(std::size_t index, std::function<void()> done) {
    peers_[index]->peer->leave([this, index, done = std::move(done)] {
      done();
      mailbox_.post(&Mailbox::left, index);
    });
  }

  // Answers why the process must end at once, if it must.
  std::string read_mailbox() {
    std::vector<std::pair<std::size_t, actors::PeerStatus>> statuses;
    std::vector<std::size_t> left;
    std::vector<std::pair<RunningPeer*, actors::PeerFailure>> failures;
    std::vector<std::pair<RunningPeer*, std::vector<NodeId>>> namesakes;
    {
      const std::scoped_lock lock(mailbox_.mutex);
      statuses.swap(mailbox_.statuses);
      left.swap(mailbox_.left);
      failures.swap(mailbox_.failures);
      namesakes.swap(mailbox_.namesakes);
    }
    for (const auto& [running, nodes] : namesakes) take_namesakes(*running, nodes);
    for (const auto& [index, status] : statuses) take_status(index, status);
    for (const std::size_t index : left) take_left(*peers_[index]);
    std::string broken;
    for (const auto& [running, failure] : failures) {
      take_failure(*running, failure);
      if (failure.cause == actors::PeerFailure::Cause::broken && broken.empty()) broken = failure.reason;
    }
    return broken;
  }

  // A peer that was shut out goes alone. What this program cannot meet none of its peers can: they go, too,
  // but in order.
  void take_failure(RunningPeer& running, const actors::PeerFailure& failure) {
    using enum actors::PeerFailure::Cause;
    log_.error(running.name, "failed", {{"reason", failure.reason}});
    if (failure.cause == broken) return;
    end_peer(running);
    if (all_left() && must_end_.empty()) must_end_ = failure.reason;
    if (all_left()) return;
    if (failure.cause == shut_out && !stopping_ && must_end_.empty())
      return log_.warn("", "the other peers of this process go on", {{"without", running.name}});
    if (failure.cause == shut_out || !must_end_.empty()) return;
    must_end_ = failure.reason;
    log_.info("", "leaving", {{"reason", must_end_}});
    leave_all();
  }

  // It is down, and others of this process are not.
  void end_peer(RunningPeer& running) {
    running.left = true;
    running.ended = true;
    running.api->stop(std::chrono::milliseconds{0});
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].get() == &running) upkeep_->end(i);
    }
  }

  void take_status(std::size_t index, const actors::PeerStatus& status) {
    RunningPeer& running = *peers_[index];
    running.asked = false;
    if (running.ended) return;
    upkeep_->observe(index, status.configuration);
    for (const auto& event : running.watcher.observe(status, wall_now_ms(), upkeep_->report(index)))
      log_.write(running.name, event);
    if (running.watcher.wants_news()) upkeep_->look_soon(index);
    if (const auto event = running.refusals.observe(running.api->refusals()))
      log_.write(running.name, *event);
    running.api->set_serving(running.watcher.joined() && !stopping_ && must_end_.empty());
    if (status.users_unverified && running.watcher.joined()) look_for_namesakes(running);
    if (!ready_ && all_joined()) {
      ready_ = true;
      write_ready_file();
    }
  }

  // RFC 6940 §11.3.1: where everybody says himself who he is, look whether the name is taken. (It may be
  // another device of the same person: who that is only people know.)
  void look_for_namesakes(RunningPeer& running) {
    if (!running.namesakes.take_turn(std::chrono::steady_clock::now())) return;
    running.peer->find_certificates(
        running.credentials.user, [this, &running](const data::CertificatesFound& found) {
          if (found.failure && found.failure->error != data::CallError::not_found) return;
          std::vector<NodeId> others;
          for (const auto& certificate : found.certificates) {
            if (!is_of_this_process(*certificate)) others.push_back(certificate->node_ids().front());
          }
          mailbox_.post(&Mailbox::namesakes, std::pair{&running, std::move(others)});
        });
  }

  // Also called by other threads: the list of peers does not change any more.
  bool is_of_this_process(const security::Certificate& certificate) const {
    return std::any_of(peers_.begin(), peers_.end(), [&](const auto& running) {
      return certificate.has_node_id(running->credentials.node);
    });
  }

  void take_namesakes(RunningPeer& running, const std::vector<NodeId>& nodes) {
    for (auto& event : running.namesakes.observe(nodes)) {
      event.fields["user"] = running.credentials.user;
      log_.write(running.name, event);
    }
  }

  void take_left(RunningPeer& running) {
    if (running.left) return;
    running.left = true;
    running.api->set_serving(false);
    log_.info(running.name, "left");
  }

  bool all_joined() const {
    for (const auto& running : peers_) {
      if (!running->ended && !running->watcher.joined()) return false;
    }
    return true;
  }
  bool all_left() const {
    for (const auto& running : peers_) {
      if (!running->left) return false;
    }
    return true;
  }

  void write_ready_file() {
    log_.info("", "ready", {{"peers", peers_.size()}});
    if (settings_.ready_file.empty()) return;
    std::vector<ReadyPeer> peers;
    for (const auto& running : peers_) {
      if (running->ended) continue;
      peers.push_back({running->name, running->credentials.node.hex(), running->credentials.user,
                       to_text(running->peer->listening_on()), running->api->endpoints(),
                       to_texts(running->peer->phones_listening_on()), running->peer->relay_listening_on()});
    }
    if (!services::write_ready_file(settings_.ready_file, peers))
      log_.warn("", "cannot write the ready file", {{"file", settings_.ready_file}});
  }

  // ---- ending

  void stop_apis(std::chrono::milliseconds grace) {
    for (auto& running : peers_) {
      if (running->api) running->api->stop(grace);
    }
  }

  int end_left() {
    stop_apis(k_api_grace);
    log_.info("", "stopped");
    return k_daemon_left;
  }

  // A peer without one of its parts must not go on; its neighbours notice that the links are gone.
  int end_failed(const std::string& reason) {
    log_.error("", "stopping: a peer has failed", {{"reason", reason}});
    stop_apis(std::chrono::milliseconds{0});
    return k_daemon_failed;
  }

  const Settings& settings_;
  EventLog& log_;
  Mailbox mailbox_;
  std::vector<wire::IpAddressPort> bootstrap_;
  std::optional<ApiTls> api_tls_;
  std::vector<FurtherUser> held_;  // without their credentials
  UsersInUse users_;               // in the order of held_
  std::shared_ptr<actors::PeerHost> host_;
  std::vector<std::unique_ptr<RunningPeer>> peers_;
  std::optional<Upkeep> upkeep_;  // as soon as the peers have started
  std::chrono::steady_clock::time_point next_look_;
  bool ready_ = false;
  bool stopping_ = false;
  std::string must_end_;  // why the process fails as soon as its peers have left
};

}  // namespace

void take_signals() {
  const auto signals = own_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int run_daemon(const Settings& settings, EventLog& log) { return Daemon(settings, log).run(); }

}  // namespace ringway::services
