#include "services/enrolld/publish/publisher.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "net/io_pool.hpp"
#include "net/sockets.hpp"
#include "services/enrolld/publish/inbox.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::size_t k_max_waiting_documents = 16;
constexpr std::size_t k_receive_credit_messages = 16;

// Transaction IDs must not be guessable.
class SystemRandom : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t bits = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) != 1)
      throw std::runtime_error("the system gives no random bytes");
    return bits;
  }
};

Now now() { return {net::mono_now(), net::wall_now()}; }

std::chrono::steady_clock::time_point clock_at(MonoTime time) {
  return std::chrono::steady_clock::time_point(std::chrono::milliseconds(time.ms + 1));
}

struct Order {
  Result<config::ConfigurationPtr> document;
  std::vector<wire::IpAddressPort> addresses;
};

// Is `a` to be sent rather than `b`, or as well? What cannot be read is no document at all.
bool at_least_as_new(const config::Configuration& a, const config::Configuration& b) {
  return !config::sequence_newer(b.sequence, a.sequence);
}

// Those given, then the document's, each once.
std::vector<wire::IpAddressPort> addresses_of(const config::Configuration& document,
                                              const std::vector<wire::IpAddressPort>& given) {
  std::vector<wire::IpAddressPort> all;
  const auto add = [&](const wire::IpAddressPort& address) {
    if (all.size() < k_max_push_addresses && std::find(all.begin(), all.end(), address) == all.end())
      all.push_back(address);
  };
  for (const auto& address : given) add(address);
  for (const auto& node : document.bootstrap_nodes) {
    wire::IpAddressPort address;
    const bool v6 = node.address.find(':') != std::string::npos;
    const std::string text = (v6 ? "[" + node.address + "]" : node.address) + ":" + std::to_string(node.port);
    if (link::parse_address(text, address)) add(address);
  }
  return all;
}

}  // namespace

struct Publisher::State {
  State(PublisherSettings settings_in, Credentials credentials_in, Finished finished_in)
      : settings(std::move(settings_in)),
        credentials(std::move(credentials_in)),
        finished(std::move(finished_in)) {
    boost::asio::post(*desk.context(), [this] { work(); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    inbox->wake();
    desk.stop();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void work();
  PublishReport bring(const Order& order);
  Result<std::shared_ptr<net::TlsLinks>> open_links(const config::Configuration& document,
                                                    const security::TrustPtr& trust,
                                                    const services::NodeCredentials& mine);
  PublishReport drive(PushRound& round, net::TlsLinks& links, const config::Configuration& document);
  std::string broken_off(const config::Configuration& document);
  std::optional<Order> next_order();
  void count(const PublishReport& report);

  const PublisherSettings settings;
  const Credentials credentials;
  const Finished finished;
  SystemRandom random;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  net::IoPool pool{1};

  mutable std::mutex mutex;  // of all down to the desk
  std::deque<Order> waiting;
  config::ConfigurationPtr newest;  // that was ever taken out of it
  PublisherCounters counters;
  bool stopping = false;

  net::IoPool desk{1};  // where work() runs
};

Publisher::Publisher(PublisherSettings settings, Credentials credentials, Finished finished)
    : state_(std::make_unique<State>(std::move(settings), std::move(credentials), std::move(finished))) {}

Publisher::~Publisher() = default;

void Publisher::publish(SharedBytes document, std::vector<wire::IpAddressPort> addresses) {
  State& state = *state_;
  // The authority's own: whether this program could be a peer by it is not asked.
  Order order{config::parse_any_configuration(std::move(document), ""), std::move(addresses)};
  const std::lock_guard lock(state.mutex);
  ++state.counters.documents;
  if (state.waiting.size() >= k_max_waiting_documents) {
    ++state.counters.superseded;
    state.waiting.pop_front();
  }
  state.waiting.push_back(std::move(order));
  state.inbox->wake();
}

PublisherCounters Publisher::counters() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counters;
}

void Publisher::State::work() {
  while (true) {
    while (auto order = next_order()) {
      const PublishReport report = bring(*order);
      count(report);
      if (finished) finished(report);
    }
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      if (!waiting.empty()) continue;
    }
    inbox->take(std::nullopt);
  }
}

// The next one that no other supersedes, neither one that waits nor one that was sent.
std::optional<Order> Publisher::State::next_order() {
  const std::lock_guard lock(mutex);
  while (!waiting.empty() && !stopping) {
    Order order = std::move(waiting.front());
    waiting.pop_front();
    if (!order.document) return order;
    const config::Configuration& document = **order.document;
    const bool outdated = std::any_of(waiting.begin(), waiting.end(), [&](const Order& other) {
      return other.document.ok() && at_least_as_new(**other.document, document);
    });
    if (outdated || (newest && !at_least_as_new(document, *newest))) {
      ++counters.superseded;
      continue;
    }
    newest = *order.document;
    return order;
  }
  return std::nullopt;
}

void Publisher::State::count(const PublishReport& report) {
  const std::lock_guard lock(mutex);
  if (report.peers == 0) ++counters.unpublished;
  for (const AddressReport& address : report.addresses) {
    counters.attempts += address.attempts;
    switch (address.outcome) {
      case PushOutcome::accepted:
        ++counters.accepted;
        break;
      case PushOutcome::has_it:
        ++counters.has_it;
        break;
      case PushOutcome::has_newer:
        ++counters.has_newer;
        break;
      case PushOutcome::same_peer:
        ++counters.same_peer;
        break;
      case PushOutcome::refused:
        ++counters.refused;
        break;
      case PushOutcome::failed:
        ++counters.failed;
        break;
      case PushOutcome::not_needed:
        break;
    }
  }
}

PublishReport Publisher::State::bring(const Order& order) {
  PublishReport nothing;
  const auto fault = [&](std::string reason) {
    nothing.fault = std::move(reason);
    return nothing;
  };
  if (!order.document) return fault("not a configuration document: " + order.document.error().reason);
  const config::ConfigurationPtr& document = *order.document;
  nothing.sequence = document->sequence;
  const auto addresses = addresses_of(*document, order.addresses);
  if (addresses.empty()) return fault("no address of a peer is known");
  const WallMs wall_ms = net::wall_now();
  if (document->expired_at(wall_ms)) return fault("the document has expired");
  auto trust = security::Trust::make(document->trust_settings());
  if (!trust) return fault(trust.error().reason);
  auto mine = credentials(wall_ms);
  if (!mine) return fault("no certificate for the server itself: " + mine.error().reason);
  const auto signer = security::load_signer(mine->private_key_pem, mine->certificate_pem);
  auto links = open_links(*document, *trust, *mine);
  wipe(mine->private_key_pem);
  if (!signer) return fault("no certificate for the server itself: " + signer.error().reason);
  if (!links) return fault(links.error().reason);

  PushRound round(settings.push, {document, *trust, *signer}, addresses, random);
  const PublishReport report = drive(round, **links, *document);
  (*links)->stop();
  inbox->take(std::chrono::steady_clock::now());  // of links that are gone
  return report;
}

Result<std::shared_ptr<net::TlsLinks>> Publisher::State::open_links(const config::Configuration& document,
                                                                    const security::TrustPtr& trust,
                                                                    const services::NodeCredentials& mine) {
  net::LinkSettings link_settings;
  link_settings.listens = false;
  link_settings.private_key_pem = mine.private_key_pem;
  link_settings.certificates_pem = mine.certificate_pem;
  link_settings.shared_secret = document.shared_secret;
  link_settings.overlay_name = document.instance_name;
  link_settings.max_message_size_bytes = document.max_message_size_bytes;
  link_settings.max_links = 2 * settings.push.max_at_once;  // those that are closing, too
  link_settings.receive_credit_messages = k_receive_credit_messages;
  link_settings.connect_timeout = settings.connect_timeout;
  link_settings.handshake_timeout = settings.handshake_timeout;
  return net::TlsLinks::start(pool, std::move(link_settings), trust, inbox);
}

// Why not to go on with this document; empty when there is no reason.
std::string Publisher::State::broken_off(const config::Configuration& document) {
  const std::lock_guard lock(mutex);
  if (stopping) return "the server stops";
  const auto newer = std::find_if(waiting.begin(), waiting.end(), [&](const Order& other) {
    return other.document.ok() && config::sequence_newer((*other.document)->sequence, document.sequence);
  });
  if (newer == waiting.end()) return {};
  ++counters.superseded;
  return "superseded by sequence " + std::to_string((*newer->document)->sequence);
}

PublishReport Publisher::State::drive(PushRound& round, net::TlsLinks& links,
                                      const config::Configuration& document) {
  routing::Outputs out;
  const auto carry_out = [&] {
    for (auto& output : std::exchange(out, {})) {
      if (auto* open = std::get_if<routing::OpenLink>(&output)) links.open(std::move(*open));
      if (auto* transmit = std::get_if<routing::Transmit>(&output)) links.transmit(std::move(*transmit));
      if (auto* close = std::get_if<routing::CloseLink>(&output)) links.close(std::move(*close));
    }
  };
  round.start(now(), out);
  carry_out();
  while (!round.done()) {
    if (const auto why = broken_off(document); !why.empty()) return round.report(now(), why);
    const auto deadline = round.next_deadline();
    const auto events = inbox->take(deadline ? std::optional(clock_at(*deadline)) : std::nullopt);
    for (const Inbox::Event& event : events) {
      std::visit([&](const auto& one) { round.handle(now(), one, out); }, event);
      if (const auto* message = std::get_if<routing::LinkMessage>(&event)) links.credit(message->link, 1);
    }
    round.on_timer(now(), out);
    carry_out();
  }
  return round.report(now());
}

}  // namespace ringway::enrolld
