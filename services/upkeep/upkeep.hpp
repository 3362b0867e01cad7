// Carries out the plans (plan.hpp) of the peers of one process and of the further users that they write as:
// renews their certificates at the enrollment server, and looks for newer configuration documents (RFC 6940
// §11.1). One thread for all; what it waits for has a time limit, and ends early when this goes.
//
// A renewal is for a new key each time, so that a key that was copied once, with a backup or a disk, is worth
// nothing when the certificate it was used with has ended; with the old key again it would be good for ever.
// What that costs is the care in credential_files.hpp.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/peer.hpp"
#include "services/upkeep/credential_files.hpp"
#include "services/upkeep/enrollment_file.hpp"
#include "services/upkeep/plan.hpp"

namespace ringway::services {

struct UpkeepSettings {
  UpkeepTimes times;
  std::chrono::milliseconds timeout{30'000};  // of one request
  // A clock that was set is noticed so soon.
  std::chrono::milliseconds longest_sleep{60'000};
};

// For the log.
struct UpkeepNote {
  bool warning = false;
  std::string event;
  std::string detail;
};

// A peer to be looked after, or a further user.
struct UpkeepSubject {
  using Done = std::function<void(std::optional<std::string> refusal)>;

  std::shared_ptr<actors::Peer> peer;  // of a user: one whose document counts for him, too
  EnrollmentServer server;
  std::string credentials_folder;
  KeyAndCertificate credentials;
  config::ConfigurationPtr configuration;
  // Of a user: puts the renewed credentials in use. Called by the thread of Upkeep.
  std::function<void(const KeyAndCertificate& renewed, Done done)> use_as_user = nullptr;
};

class Upkeep {
 public:
  struct World {
    std::shared_ptr<Random> random;
    std::function<WallMs()> wall_now_ms;
    std::function<void(std::size_t subject, const UpkeepNote& note)> tell;  // from the thread
  };
  Upkeep(UpkeepSettings settings, World world, std::vector<UpkeepSubject> subjects);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // What the peer says of itself; the users that count on it take it over.
  void observe(std::size_t subject, const config::ConfigurationPtr& present);
  // Perhaps there is a document that the peer has not seen.
  void look_soon(std::size_t subject);
  // The peer has ended: nothing is done for it any more.
  void end(std::size_t subject);
  UpkeepReport report(std::size_t subject) const;

 private:
  struct Kept;  // a subject and its plan
  struct Next {
    Kept* kept = nullptr;
    UpkeepPlan::Due due;
  };

  void run(const std::stop_token& stop);
  Next next(WallMs now_ms) const;
  void renew(Kept& kept, const std::stop_token& stop);
  void poll(Kept& kept, const std::stop_token& stop);
  std::optional<routing::DocumentOffer> offer(Kept& kept, SharedBytes document);
  config::ConfigurationPtr configuration_of(const Kept& kept) const;
  void renewal_failed(Kept& kept, const std::string& reason, bool refused, Duration retry_after);
  void poll_failed(Kept& kept, const std::string& reason);
  template <typename Change>
  void change(Kept& kept, Change with_plan);

  const UpkeepSettings settings_;
  const World world_;
  mutable std::mutex mutex_;  // of what is in the plans, and of Kept::configuration
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Kept>> kept_;
  std::jthread thread_;
};

}  // namespace ringway::services
