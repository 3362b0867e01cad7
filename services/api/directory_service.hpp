// ringway.v1.Directory on one peer: registrations are calls like those of Overlay, on the Kind
// SIP-REGISTRATION; Resolve is a sip::Resolution whose questions are such calls. No thread waits.
#pragma once

#include <memory>

#include "actors/peer.hpp"
#include "ringway/v1/directory.grpc.pb.h"
#include "services/api/gate.hpp"

namespace ringway::services {

inline constexpr std::uint32_t k_default_registration_lifetime_s = 3600;
inline constexpr std::size_t k_default_logged_calls = 50;
inline constexpr std::size_t k_default_shown_messages = 50;
inline constexpr std::size_t k_max_content_type_bytes = 512;

class DirectoryService final : public v1::Directory::CallbackService {
 public:
  // The gate outlives it.
  DirectoryService(std::shared_ptr<actors::Peer> peer, const Gate& gate);

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context, const v1::RegisterRequest* request,
                                     v1::RegisterResponse* response) override;
  grpc::ServerUnaryReactor* Unregister(grpc::CallbackServerContext* context,
                                       const v1::UnregisterRequest* request,
                                       v1::UnregisterResponse* response) override;
  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context, const v1::ResolveRequest* request,
                                    v1::ResolveResponse* response) override;
  grpc::ServerUnaryReactor* CallLog(grpc::CallbackServerContext* context, const v1::CallLogRequest* request,
                                    v1::CallLogResponse* response) override;
  grpc::ServerWriteReactor<v1::PresenceEvent>* WatchPresence(
      grpc::CallbackServerContext* context, const v1::WatchPresenceRequest* request) override;
  // directory_messages.cpp
  grpc::ServerUnaryReactor* SendMessage(grpc::CallbackServerContext* context,
                                        const v1::SendMessageRequest* request,
                                        v1::SendMessageResponse* response) override;
  grpc::ServerUnaryReactor* Mailbox(grpc::CallbackServerContext* context, const v1::MailboxRequest* request,
                                    v1::MailboxResponse* response) override;

 private:
  std::shared_ptr<actors::Peer> peer_;
  const Gate& gate_;
};

}  // namespace ringway::services
