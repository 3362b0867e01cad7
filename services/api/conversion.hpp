// Between the messages of ringway.v1 and the calls of reload/data: nothing but copying and naming. What is
// acceptable is decided in data/.
#pragma once

#include <grpcpp/support/status.h>

#include <optional>

#include "actors/peer.hpp"
#include "reload/data/api.hpp"
#include "ringway/v1/overlay.pb.h"
#include "ringway/v1/peer.pb.h"

namespace ringway::services {

data::Call to_call(const v1::PutRequest& request);
data::Call to_call(const v1::GetRequest& request);
data::Call to_call(const v1::RemoveRequest& request);
data::Call to_call(const v1::StatRequest& request);
data::WatchCall to_call(const v1::WatchRequest& request);
// Nothing when the operation is not set.
std::optional<data::Call> to_call(const v1::Operation& operation);

grpc::StatusCode to_status_code(data::CallError error);

void fill(v1::PutResponse& out, const data::PutResult& result);
void fill(v1::RemoveResponse& out, const data::PutResult& result);
void fill(v1::GetResponse& out, const data::GetResult& result);
void fill(v1::WatchResponse& out, const data::WatchUpdate& update);
void fill(v1::StatResponse& out, const data::StatResult& result);
// `operation` says which of Put and Remove a PutResult answers.
void fill(v1::OperationResult& out, const v1::Operation& operation, const data::CallResult& result);

void fill(v1::StatusResponse& out, const actors::PeerStatus& status);
void fill(v1::RingResponse& out, const actors::PeerStatus& status);
void fill(v1::PingResponse& out, const actors::PingOutcome& outcome);

}  // namespace ringway::services
