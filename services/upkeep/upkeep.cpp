#include "services/upkeep/upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "reload/security/trust.hpp"
#include "services/enroll_client/configuration.hpp"
#include "services/enroll_client/signing_request.hpp"
#include "services/upkeep/renewal_call.hpp"
#include "services/upkeep/renewed.hpp"

namespace ringway::services {
namespace {

constexpr std::chrono::seconds k_peer_patience{10};

std::string number_of(const config::Configuration& configuration) {
  return "number " + std::to_string(configuration.sequence);
}

// The answer of a peer's call, unless it takes too long.
template <typename T, typename Call>
std::optional<T> wait_for(Call call) {
  const auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  call([promise](T answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(k_peer_patience) != std::future_status::ready) return std::nullopt;
  return future.get();
}

}  // namespace

struct Upkeep::Kept {
  std::size_t index = 0;
  UpkeepSubject subject;
  CredentialFiles files;
  security::CertificatePtr certificate;
  UpkeepPlan plan;
  bool ended = false;
};

Upkeep::Upkeep(UpkeepSettings settings, World world, std::vector<UpkeepSubject> subjects)
    : settings_(settings), world_(std::move(world)) {
  const WallMs now_ms = world_.wall_now_ms();
  for (auto& subject : subjects) {
    const CredentialFiles files(subject.credentials_folder);
    auto kept = std::make_unique<Kept>(
        Kept{kept_.size(), std::move(subject), files, nullptr, UpkeepPlan(settings_.times, world_.random)});
    const auto& [peer, server, folder, credentials, configuration, use_as_user] = kept->subject;
    const auto signer = security::load_signer(credentials.private_key_pem, credentials.certificates_pem);
    if (signer && !server.grpc.empty()) {
      kept->certificate = (*signer)->certificate();
      kept->plan.keep_certificate(kept->certificate->not_before_ms(), kept->certificate->not_after_ms(),
                                  now_ms);
    }
    if (!server.configuration_url.empty()) kept->plan.keep_document(configuration->expiration_ms, now_ms);
    kept_.push_back(std::move(kept));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Upkeep::~Upkeep() {
  thread_.request_stop();
  thread_.join();
}

void Upkeep::observe(std::size_t subject, const config::ConfigurationPtr& present) {
  if (present == nullptr) return;
  const std::scoped_lock lock(mutex_);
  if (kept_.at(subject)->subject.configuration == present) return;
  for (const auto& kept : kept_) {
    if (kept->subject.peer != kept_[subject]->subject.peer) continue;
    kept->subject.configuration = present;
    kept->plan.document(present->expiration_ms, world_.wall_now_ms());
  }
  changed_.notify_all();
}

void Upkeep::look_soon(std::size_t subject) {
  const std::scoped_lock lock(mutex_);
  kept_.at(subject)->plan.hurry_poll(world_.wall_now_ms());
  changed_.notify_all();
}

void Upkeep::end(std::size_t subject) {
  const std::scoped_lock lock(mutex_);
  kept_.at(subject)->ended = true;
  changed_.notify_all();
}

UpkeepReport Upkeep::report(std::size_t subject) const {
  const std::scoped_lock lock(mutex_);
  return kept_.at(subject)->plan.report();
}

config::ConfigurationPtr Upkeep::configuration_of(const Kept& kept) const {
  const std::scoped_lock lock(mutex_);
  return kept.subject.configuration;
}

template <typename Change>
void Upkeep::change(Kept& kept, Change with_plan) {
  const std::scoped_lock lock(mutex_);
  with_plan(kept.plan);
}

// What is overdue of a peer goes before what is overdue of many users: a server that is silent keeps each of
// them waiting.
Upkeep::Next Upkeep::next(WallMs now_ms) const {
  Next soonest;
  const auto rank = [now_ms](const Next& one) {
    const bool waits = one.due.at_ms > now_ms || one.kept->subject.use_as_user != nullptr;
    return std::pair{waits, one.due.at_ms};
  };
  for (const auto& kept : kept_) {
    const auto due = kept->plan.next();
    if (!due || kept->ended) continue;
    const Next one{kept.get(), *due};
    if (soonest.kept == nullptr || rank(one) < rank(soonest)) soonest = one;
  }
  return soonest;
}

void Upkeep::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Next now_due;
    {
      std::unique_lock lock(mutex_);
      const WallMs now_ms = world_.wall_now_ms();
      const Next soonest = next(now_ms);
      if (soonest.kept != nullptr && soonest.due.at_ms <= now_ms) {
        now_due = soonest;
      } else {
        auto sleep = settings_.longest_sleep;
        if (soonest.kept != nullptr)
          sleep = std::min(sleep,
                           std::chrono::milliseconds{static_cast<std::int64_t>(soonest.due.at_ms - now_ms)});
        // Awake when a plan has changed, too.
        changed_.wait_for(lock, stop, sleep, [&] {
          const Next other = next(now_ms);
          return other.kept != soonest.kept || other.due.at_ms != soonest.due.at_ms;
        });
      }
    }
    if (now_due.kept == nullptr || stop.stop_requested()) continue;
    if (now_due.due.task == UpkeepPlan::Task::renew) {
      renew(*now_due.kept, stop);
    } else {
      poll(*now_due.kept, stop);
    }
  }
}

void Upkeep::renewal_failed(Kept& kept, const std::string& reason, bool refused, Duration retry_after) {
  change(kept,
         [&](UpkeepPlan& plan) { plan.renewal_failed(reason, refused, retry_after, world_.wall_now_ms()); });
  const bool of_user = kept.subject.use_as_user != nullptr;
  world_.tell(kept.index, {true,
                           of_user ? "a further user's certificate was not renewed"
                                   : "this peer's certificate was not renewed",
                           reason});
}

void Upkeep::renew(Kept& kept, const std::stop_token& stop) {
  UpkeepSubject& subject = kept.subject;
  const auto failed = [&](const std::string& reason) { renewal_failed(kept, reason, false, Duration{0}); };
  if (!kept.certificate->valid_at(world_.wall_now_ms()))
    return failed("an ended certificate cannot be renewed: enrol again with ringway enroll --force");
  const auto key = kept.files.next_key();
  if (!key) return failed(key.error().reason);
  const auto csr = write_signing_request(key->reveal());
  if (!csr) return failed(csr.error().reason);
  const auto answer = ask_renewal(subject.server, subject.credentials, *csr, settings_.timeout, stop);
  if (!answer) {
    if (stop.stop_requested()) return;
    return renewal_failed(kept, answer.error().reason, answer.error().refused, answer.error().retry_after);
  }
  const auto trust = security::Trust::make(configuration_of(kept)->trust_settings());
  if (!trust) return failed(trust.error().reason);
  const auto renewed =
      check_renewed(*csr, answer->chain_der, *kept.certificate, **trust, world_.wall_now_ms());
  if (!renewed) return failed(renewed.error().reason);
  if (auto written = kept.files.exchange(renewed->pem()); !written) return failed(written.error().reason);

  kept.certificate = renewed->certificate;
  subject.credentials = {std::string(key->reveal()), renewed->pem()};
  change(kept,
         [&](UpkeepPlan& plan) { plan.renewed(kept.certificate->not_after_ms(), world_.wall_now_ms()); });
  const auto refusal = wait_for<std::optional<std::string>>([&](auto done) {
    if (subject.use_as_user) return subject.use_as_user(subject.credentials, std::move(done));
    subject.peer->use_credentials(subject.credentials.private_key_pem, subject.credentials.certificates_pem,
                                  std::move(done));
  });
  if (!refusal || *refusal) {
    world_.tell(kept.index, {true, "the renewed certificate is used from the next start on",
                             refusal ? **refusal : "the peer did not answer"});
  } else {
    world_.tell(kept.index, {false, "certificate renewed", ""});
  }
  if (!answer->configuration.empty()) offer(kept, answer->configuration);
}

std::optional<routing::DocumentOffer> Upkeep::offer(Kept& kept, SharedBytes document) {
  auto answer = wait_for<routing::DocumentOffer>(
      [&](auto done) { kept.subject.peer->offer_document(std::move(document), std::move(done)); });
  if (answer && answer->verdict == routing::DocumentOffer::Verdict::taken)
    world_.tell(kept.index, {false, "a newer configuration document came from the enrollment server", ""});
  return answer;
}

void Upkeep::poll_failed(Kept& kept, const std::string& reason) {
  change(kept, [&](UpkeepPlan& plan) { plan.poll_failed(reason, world_.wall_now_ms()); });
  world_.tell(kept.index, {true, "no configuration document could be had", reason});
}

void Upkeep::poll(Kept& kept, const std::stop_token& stop) {
  const auto present = configuration_of(kept);
  HttpsSettings https;
  https.ca_file = kept.subject.server.ca_file;
  https.timeout = settings_.timeout;
  https.stop = stop;
  const auto fetched = fetch_configuration(
      https, {}, configuration_source(kept.subject.server, present->instance_name), world_.wall_now_ms());
  if (!fetched) {
    if (stop.stop_requested()) return;
    return poll_failed(kept, fetched.error().reason);
  }
  const config::Configuration& document = **fetched;
  const auto done = [&](const std::string& result, const config::Configuration& now_present) {
    change(kept,
           [&](UpkeepPlan& plan) { plan.polled(result, now_present.expiration_ms, world_.wall_now_ms()); });
  };
  const auto nothing_new = [&] { done(number_of(*present) + " is the newest", *present); };
  if (!config::sequence_newer(document.sequence, present->sequence)) return nothing_new();
  const auto offered = offer(kept, document.document);
  if (!offered) return poll_failed(kept, "the peer did not answer");
  using enum routing::DocumentOffer::Verdict;
  if (offered->verdict == taken) return done("took " + number_of(document), document);
  if (offered->verdict == not_newer) return nothing_new();  // it has come from another peer meanwhile
  poll_failed(kept, "the server's document, " + number_of(document) +
                        ", does not follow the present one: " + offered->reason +
                        "; if it is genuine, put it in the place of overlay.xml and start the peer again");
}

}  // namespace ringway::services
