// One sip::Resolution on a peer: its questions become calls, from whichever threads the answers come.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/peer.hpp"
#include "sip-usage/lookup/resolution.hpp"

namespace ringway::services {

class DirectoryLookup : public std::enable_shared_from_this<DirectoryLookup> {
 public:
  // The failure is of the call that went wrong first, if one did.
  using Done = std::function<void(const sip::ResolutionResult&, const std::optional<data::CallFailure>&)>;

  // `done` is called once. `wanted` says whether anybody waits for it still: if not, nothing more is asked.
  static void start(std::shared_ptr<actors::Peer> peer, sip::ResolutionSettings settings,
                    const std::string& address, std::function<bool()> wanted, Done done);

  DirectoryLookup(std::shared_ptr<actors::Peer> peer, sip::Resolution resolution,
                  std::function<bool()> wanted, Done done);

 private:
  void go_on();
  void ask(const sip::FetchRegistrations& question);
  void answered(std::uint64_t number, const data::CallResult& result);

  std::shared_ptr<actors::Peer> peer_;
  std::function<bool()> wanted_;
  Done done_;
  std::mutex mutex_;
  sip::Resolution resolution_;
  std::optional<data::CallFailure> failure_;
  bool told_ = false;
};

}  // namespace ringway::services
