// What the phones of one user have published (RFC 3903 §6): each publication has an entity-tag, which is
// another one after each request, and a time at which it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/registrar/contact_update.hpp"

namespace ringway::sip::presence {

using registrar::Rejection;

struct Published {
  std::string etag;
  std::uint32_t expires_s = 0;
};

class Publications {
 public:
  // Steps 3 to 5 of §6; the request is a PUBLISH of presence for this user by somebody who may. Nothing of a
  // refused request counts.
  Result<Published, Rejection> publish(MonoTime now, const Aor& user, const Message& request,
                                       const Settings& settings, Random& random);
  // Drops what has ended; true when something has.
  bool on_timer(MonoTime now);
  Deadline next_wake() const;

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  std::vector<std::string_view> documents() const;  // the latest first

 private:
  struct Publication {
    std::string etag;
    std::string document;
    MonoTime expires_at;
  };
  using List = std::vector<Publication>;

  Result<List::iterator, Rejection> find(const Message& request);

  List list_;  // in the order in which their documents came
};

}  // namespace ringway::sip::presence
