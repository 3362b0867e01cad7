// JSON of each message body, field by field (RFC 6940 §6.4, §6.5, §7.4, §10).
#pragma once

#include "reload/result.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/codes.hpp"
#include "reload/wire/storage_bodies.hpp"
#include "services/decode/json.hpp"

namespace ringway::services {

// Offsets of failures count from the body's start. A code without a decoder yields the body as hex.
Result<Json> body_json(wire::MessageCode code, const SharedBytes& body, const wire::KindModels& kinds);

Json to_json(const wire::StoreReq& body);
Json to_json(const wire::StoreAns& body);
Json to_json(const wire::FetchReq& body);
Json to_json(const wire::FetchAns& body);
Json to_json(const wire::StatReq& body);
Json to_json(const wire::StatAns& body);
Json to_json(const wire::FindReq& body);
Json to_json(const wire::FindAns& body);

}  // namespace ringway::services
