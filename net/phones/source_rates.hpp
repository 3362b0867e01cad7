// How fast datagrams may come from one address (an IPv6 /64 is one): a bucket of tokens for each. The table
// is bounded; an address whose bucket is full again is forgotten first, since it is as one that was never
// seen. When all others are still short of tokens, those without an entry share one bucket. Not for several
// threads at once.
#pragma once

#include <cstddef>
#include <list>
#include <map>

#include "reload/bytes.hpp"
#include "reload/time.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net::phones {

class SourceRates {
 public:
  struct Limits {
    std::size_t per_second;
    std::size_t at_once;
    std::size_t addresses;
  };
  explicit SourceRates(const Limits& limits);

  // False: it comes too fast, drop it.
  bool take(const wire::IpAddressPort& from, MonoTime now);
  std::size_t addresses() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    MonoTime at;
  };
  struct Entry {
    Bucket bucket;
    std::list<Bytes>::iterator place;
  };
  bool take_from(Bucket& bucket, MonoTime now) const;
  bool make_room(MonoTime now);

  const Limits limits_;
  std::map<Bytes, Entry> buckets_;
  std::list<Bytes> by_use_;  // the one that was used longest ago first
  Bucket everyone_else_;
};

}  // namespace ringway::net::phones
