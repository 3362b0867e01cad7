// A user of the overlay whom phones here watch: what the user's peers have stored, as the overlay's watch
// tells it, and what of it each watcher may see.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/api.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/settings.hpp"

namespace ringway::sip::presence {

// A user of this peer, or somebody whom nobody has vouched for: they see what everybody sees.
using WatcherId = std::optional<Aor>;

struct Seen {
  // None: nothing is known yet, or it is not for this watcher.
  std::shared_ptr<const std::string> document;
  bool operator==(const Seen& other) const {
    return document == other.document || (document && other.document && *document == *other.document);
  }
};

class WatchedUser {
 public:
  explicit WatchedUser(Aor aor) : aor_(std::move(aor)) {}

  bool is_known() const { return is_known_; }
  void set(std::vector<data::Entry> entries);
  // What is opened for a watcher is kept until something else is stored.
  const Seen& seen_by(const WatcherId& watcher, Envelope& envelope);
  void forget(const WatcherId& watcher) { seen_.erase(watcher); }

 private:
  Seen look(const WatcherId& watcher, Envelope& envelope) const;

  Aor aor_;
  bool is_known_ = false;
  bool any_sealed_ = false;           // otherwise all see the same
  std::vector<data::Entry> entries_;  // the latest first
  std::map<WatcherId, Seen> seen_;
};

}  // namespace ringway::sip::presence
