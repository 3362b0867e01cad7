// The holder's answers to Fetch, Stat and Find (RFC 6940 §7.4.2–§7.4.4), from what has been committed.
// Whether this peer should answer at all is holder.cpp's question.
#pragma once

#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/certificate_shelf.hpp"
#include "reload/data/kind_cache.hpp"
#include "reload/data/refusal.hpp"
#include "reload/result.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

struct Answer {
  wire::MessageCode code = wire::MessageCode::error;
  Bytes body;
  std::vector<SharedBytes> certificates_der;
};
using AnswerResult = Result<Answer, Refusal>;

// What answering needs; lives for the length of a call.
struct Shelves {
  const config::Configuration& configuration;
  KindCache& cache;
  CertificateShelf& certificates;
  WallMs now_ms = 0;
  std::uint64_t& revoked_values;  // counts what is held and not shown
};

// `max_size_bytes` is for the body with the certificates.
AnswerResult answer_fetch(const Shelves& shelves, const ResourceId& resource,
                          const std::vector<wire::StoredDataSpecifier>& specifiers,
                          std::size_t max_size_bytes);
AnswerResult answer_stat(const Shelves& shelves, const ResourceId& resource,
                         const std::vector<wire::StoredDataSpecifier>& specifiers,
                         std::size_t max_size_bytes);
// The closest resources at or after `request.resource` and up to `last` (AMB-44).
AnswerResult answer_find(const Shelves& shelves, const ValueStore& store, const wire::FindReq& request,
                         const RingId& last);

// A digest over the value with its four length bytes (RFC 6940 §7.4.3.2).
wire::MetaData metadata_of(const wire::DataValue& value);

}  // namespace ringway::data
