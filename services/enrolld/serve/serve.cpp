#include "services/enrolld/serve/serve.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "reload/link/link_id.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/http/server.hpp"
#include "services/enrolld/serve/document_push.hpp"
#include "services/enrolld/serve/document_watch.hpp"
#include "services/enrolld/serve/office.hpp"
#include "services/enrolld/serve/rpc_server.hpp"
#include "services/enrolld/serve/web.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::chrono::milliseconds k_grace{5'000};
constexpr std::chrono::milliseconds k_port_pause{100};
constexpr int k_port_attempts = 20;

sigset_t own_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

WallMs wall_now_ms() {
  using namespace std::chrono;
  return static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

// "enrol.example.org" of "https://enrol.example.org:8443/x".
std::string host_of(const std::string& url) {
  const std::string rest = url.substr(url.find("//") + 2);
  const auto end = rest.starts_with('[') ? rest.find(']') + 1 : rest.find_first_of(":/");
  return rest.substr(0, end);
}

class Service {
 public:
  Service(const ServeSettings& settings, services::EventLog& log)
      : settings_(settings), log_(log), workers_(settings.workers) {}
  ~Service() { stop(std::chrono::milliseconds{0}); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Why not, with what to exit with.
  std::optional<std::pair<int, std::string>> start() {
    bool usage = true;
    auto office = Office::open(settings_, log_, usage);
    if (!office) return failed(office.error(), usage);
    office_ = std::move(*office);
    if (auto good = adopt(); !good) return failed(good.error(), false);
    auto operators = Operators::make({settings_.operator_names, settings_.operator_fingerprints},
                                     office_->authority(), office_->records());
    if (!operators) return failed(operators.error(), true);
    operators_.emplace(std::move(*operators));
    make_desk();
    if (auto good = open_operators_door(); !good) return failed(good.error(), false);
    if (auto good = open_grpc(); !good) return failed(good.error(), false);
    if (auto good = open_https(); !good) return failed(good.error(), false);
    // Not before: a start with the wrong settings gives no names.
    office_->mark_folder();
    return std::nullopt;
  }

  void tell_ready() {
    const services::EventLog::Fields fields{{"https", link::to_text(https_->address())},
                                            {"grpc", grpc_address()},
                                            {"operators", "unix:" + settings_.operator_socket()}};
    services::EventLog::Fields line{{"overlay", office_->authority().overlay_name()}};
    line.update(fields);
    log_.info("", "ready", line);
    if (settings_.ready_file.empty()) return;
    services::EventLog::Fields document{{"pid", ::getpid()}};
    document.update(fields);
    // Whoever waits for the file sees all of it or nothing.
    if (const auto written = write_file(settings_.ready_file, document.dump() + "\n", Access::owner_only);
        !written)
      log_.warn("", "cannot write the ready file", {{"why", written.error().reason}});
  }

  // Until a signal.
  void wait() {
    const auto signals = own_signals();
    while (true) {
      int signal = 0;
      if (::sigwait(&signals, &signal) != 0) continue;
      if (signal != SIGHUP)
        return log_.info("", "stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      read_tls_again();
    }
  }

  void stop(std::chrono::milliseconds grace) {
    if (https_) https_->stop(grace);
    if (grpc_) grpc_->stop(grace);
    if (operators_door_) operators_door_->stop(grace);
    workers_.stop();
    watch_.reset();
    push_.reset();
  }

 private:
  static std::pair<int, std::string> failed(const Failure& failure, bool usage) {
    return {usage ? k_serve_usage : k_serve_not_started, failure.reason};
  }

  // The first document ever; later ones are the watch's to adopt.
  Outcome<> adopt() {
    const auto newest = office_->registrar().document();
    if (!newest) return Failure{"cannot read the newest document: " + newest.error().detail};
    if (!newest->bytes.empty()) return Done{};
    auto document = read_document(settings_.directory);
    if (!document) return document.error();
    const auto adopted =
        office_->registrar().adopt_document(std::move(*document), {"server", {}}, wall_now_ms());
    if (!adopted) return Failure{"cannot publish the folder's document: " + adopted.error().detail};
    return Done{};
  }

  void make_desk() {
    push_ = std::make_unique<DocumentPush>(office_->authority(), settings_.push_addresses, log_);
    DocumentWatchSettings watch{settings_.directory};
    watch.refresh_every = std::min(watch.refresh_every, office_->registrar().settings().gather_for);
    watch_ = std::make_unique<DocumentWatch>(std::move(watch), office_->registrar(), office_->records(), log_,
                                             wall_now_ms,
                                             [this](const SharedBytes& document) { push_->bring(document); });
    desk_.emplace(Desk::Parts{office_->registrar(), *operators_, workers_, log_, wall_now_ms,
                              [this] { watch_->look(); }, [this](Measures& out) { measure(out); }});
  }

  void measure(Measures& out) const {
    office_->measure(out);
    push_->measure(out);
    if (!https_) return;
    out.gauges.push_back({"https_connections", https_->connections()});
    const auto& counters = https_->counters();
    out.counters.push_back({"https_refused_too_many", counters.refused_too_many});
    out.counters.push_back({"https_refused_too_many_of_address", counters.refused_too_many_of_address});
    out.counters.push_back({"https_handshakes_failed", counters.handshakes_failed});
    out.counters.push_back({"https_requests", counters.requests});
    out.counters.push_back({"https_requests_malformed", counters.requests_malformed});
    out.counters.push_back({"https_requests_too_large", counters.requests_too_large});
    out.counters.push_back({"https_requests_too_slow", counters.requests_too_slow});
  }

  const std::string& overlay_name() const { return office_->authority().overlay_name(); }

  Outcome<> open_operators_door() {
    auto door = RpcServer::at_socket(*desk_, overlay_name(), settings_.operator_socket());
    if (!door) return door.error();
    operators_door_ = std::move(*door);
    return Done{};
  }

  Result<RpcTls> grpc_tls() const {
    const bool own = !settings_.grpc_certificate.empty();
    auto certificates = read_file(own ? settings_.grpc_certificate : settings_.https_certificate);
    if (!certificates) return certificates.error();
    auto key = read_file(own ? settings_.grpc_key : settings_.https_key);
    if (!key) return key.error();
    return RpcTls{std::move(*certificates), std::move(*key)};
  }

  Outcome<> open_grpc() {
    if (!settings_.grpc_address) return Done{};
    auto tls = grpc_tls();
    if (!tls) return tls.error();
    grpc_tls_ = std::move(*tls);
    grpc_bound_ = *settings_.grpc_address;
    if (auto open = listen_for_grpc(); !open) return open;
    grpc_bound_.port = grpc_->port();
    return Done{};
  }

  Outcome<> listen_for_grpc() {
    auto server = RpcServer::at_address(*desk_, overlay_name(), grpc_bound_, grpc_tls_);
    if (!server) return server.error();
    grpc_ = std::move(*server);
    return Done{};
  }

  std::string grpc_address() const {
    if (!grpc_) return "";
    return link::to_text(grpc_bound_);
  }

  std::string grpc_public() const {
    if (!grpc_ || !settings_.grpc_public.empty()) return settings_.grpc_public;
    return host_of(office_->public_url()) + ":" + std::to_string(grpc_->port());
  }

  Result<enrolld_http::ServerCredentials> https_credentials() const {
    auto certificates = read_file(settings_.https_certificate);
    if (!certificates) return certificates.error();
    auto key = read_file(settings_.https_key);
    if (!key) return key.error();
    return enrolld_http::ServerCredentials{std::move(*key), std::move(*certificates)};
  }

  Outcome<> open_https() {
    enrolld_http::ServerSettings https;
    https.listen = settings_.https_address;
    auto credentials = https_credentials();
    if (!credentials) return credentials.error();
    https.credentials = std::move(*credentials);
    https.max_connections_per_address = settings_.connections_per_address;
    // Browsers ask people which certificate to show: only where one may prove something.
    https.ask_for_client_certificate = settings_.methods.contains(Method::certificate);
    for (const std::string& path : settings_.foreign_roots)
      if (const auto pem = read_file(path)) https.client_authorities_pem += *pem;
    WebFacts facts{overlay_name(), grpc_public(), {}};
    const auto& between = office_->authority().intermediates_der();
    if (!between.empty()) facts.issuer_certificate = between.front();
    auto server = enrolld_http::Server::start(std::move(https), make_routes(*desk_, facts));
    if (!server) return server.error();
    https_ = std::move(*server);
    return Done{};
  }

  void read_tls_again() {
    read_https_tls_again();
    if (settings_.grpc_address) read_grpc_tls_again();
  }

  void read_https_tls_again() {
    const auto credentials = https_credentials();
    const auto used = credentials ? https_->use_credentials(*credentials) : credentials.error();
    if (used)
      log_.info("", "HTTPS has its certificate from the file again");
    else
      log_.warn("", "HTTPS keeps its old certificate", {{"why", used.error().reason}});
  }

  // gRPC's own way of reading files again goes by the clock, and takes a certificate that is not for the key.
  // So the server gives way to another one at the same port, when the pair is good.
  void read_grpc_tls_again() {
    auto tls = grpc_tls();
    const auto good = tls ? check_pair(*tls) : tls.error();
    if (!good) return log_.warn("", "gRPC keeps its old certificate", {{"why", good.error().reason}});
    if (grpc_ && *tls == grpc_tls_) return log_.info("", "gRPC's certificate is the same as before");
    grpc_tls_ = std::move(*tls);
    if (grpc_) grpc_->stop(k_grace);
    grpc_.reset();
    Outcome<> open = listen_for_grpc();
    // The listener that goes is closed by a thread of gRPC's.
    for (int left = k_port_attempts; !open && left > 0; --left) {
      std::this_thread::sleep_for(k_port_pause);
      open = listen_for_grpc();
    }
    if (open) return log_.info("", "gRPC has its certificate from the file again");
    log_.error("", "gRPC is closed until the next SIGHUP", {{"why", open.error().reason}});
  }

  const ServeSettings& settings_;
  services::EventLog& log_;
  Workers workers_;
  std::unique_ptr<Office> office_;
  std::optional<Operators> operators_;
  std::unique_ptr<DocumentPush> push_;
  std::unique_ptr<DocumentWatch> watch_;
  std::optional<Desk> desk_;
  std::unique_ptr<RpcServer> operators_door_;
  RpcTls grpc_tls_;
  wire::IpAddressPort grpc_bound_;  // the port that the system chose, if it had to
  std::unique_ptr<RpcServer> grpc_;
  std::unique_ptr<enrolld_http::Server> https_;
};

// A second signal while stopping ends the program: the records are made for that.
void watch_for_second_signal() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) {
    sigaddset(&set, number);
    struct sigaction action {};
    action.sa_handler = [](int) { std::_Exit(k_serve_cut_short); };
    ::sigaction(number, &action, nullptr);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

void take_signals() {
  const auto signals = own_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int serve(const ServeSettings& settings, services::EventLog& log) {
  Service service(settings, log);
  if (const auto failed = service.start()) {
    log.error("", "cannot start", {{"reason", failed->second}});
    return failed->first;
  }
  service.tell_ready();
  service.wait();
  watch_for_second_signal();
  service.stop(k_grace);
  log.info("", "stopped");
  return k_serve_stopped;
}

}  // namespace ringway::enrolld
