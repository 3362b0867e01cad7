// What a caller is told when there is no connection to the peer: gRPC's words are about sockets, these say
// what to look at. Failures that the peer itself answers with are passed on as they are.
#pragma once

#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>

namespace ringway::services {

// For every call of a channel to `api`.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> advice_for(std::string api);

}  // namespace ringway::services
