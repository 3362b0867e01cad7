// The actor around data::StorageComponent. It runs detached: its reads from the store may block. API calls
// come in here and their answers go out from here.
#pragma once

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <unordered_map>

#include "actors/alarm.hpp"
#include "actors/crypto_pool.hpp"
#include "actors/outbox.hpp"
#include "actors/system_clock.hpp"
#include "actors/system_random.hpp"
#include "reload/config/configuration.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/peer/wiring.hpp"
#include "reload/security/signer.hpp"

namespace ringway::actors {

struct StorageSetup {
  data::StorageSettings settings;
  config::ConfigurationPtr configuration;
  std::shared_ptr<const security::Signer> signer;
  std::shared_ptr<const data::ValueStore> store;
  std::shared_ptr<const Clock> clock;
  MailboxesPtr mailboxes;
  std::shared_ptr<Backlog> backlog;
  std::shared_ptr<InspectionDesk> desk;
};

class StorageDriver : public Outbox {
 public:
  using Interface = StorageActor;
  using Setup = StorageSetup;

  StorageDriver(StorageActor::pointer self, StorageSetup setup);
  StorageActor::behavior_type make_behavior();

  // Effects (peer::Dispatcher).
  void perform(data::Commit commit) { commits_.commits.push_back(std::move(commit)); }
  void perform(data::CallsDone done);
  void perform(data::CertificatesFound found);
  void perform(data::CheckValues order) { desk_->check(std::move(order)); }
  void perform(data::WatchEvent event);
  void perform(data::ServiceDone done);
  void perform(data::RelaysFound found);

 private:
  void submit(SubmissionPtr& submission);
  void cancel(std::uint64_t token);
  void find(CertificatesOrder& order);
  void serve(ServiceOrder& order);
  void find_relays(RelaysOrder& order);
  caf::typed_response_promise<LeftAtom> withdraw_services();
  void watch(WatchOrder& order);
  void watch_next(std::uint64_t token);
  void end_watch(std::uint64_t token);
  void handle(StorageBatch& batch);
  void tick(std::uint64_t generation);
  StorageReport report() const;

  void step(data::StorageInput input);
  void end_turn();

  StorageActor::pointer self_;
  std::shared_ptr<const data::ValueStore> store_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<Backlog> backlog_;
  std::shared_ptr<InspectionDesk> desk_;
  data::StorageComponent component_;
  Alarm alarm_;
  data::StorageOutputs outputs_;
  CommitBatch commits_;
  std::uint64_t last_search_ = 0;
  std::uint64_t last_service_order_ = 0;
  std::unordered_map<std::uint64_t, Answer<data::CertificatesFound>> searches_;  // bounded by the component
  // Both bounded by the component.
  std::unordered_map<std::uint64_t, Answer<data::ServiceDone>> service_orders_;
  std::unordered_map<std::uint64_t, Answer<data::RelaysFound>> relay_orders_;
  std::unordered_map<std::uint64_t, caf::typed_response_promise<LeftAtom>> leaves_;  // one, of the supervisor
  SystemRandom random_;
  std::unordered_map<std::uint64_t, SubmissionPtr> submissions_;  // bounded by CallBound
  std::unordered_map<std::uint64_t, WatchHandlePtr> watches_;     // bounded by the component
};

}  // namespace ringway::actors
