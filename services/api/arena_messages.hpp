// Request and response of one call on an arena of their own: one allocation for most calls, and few for a
// large batch.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <array>
#include <cstddef>

namespace ringway::services {

template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Holder; }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    Holder() : arena_(first_block_.data(), first_block_.size()) {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    // Called by gRPC when the call is over; FreeRequest() is left alone, the arena goes as a whole.
    void Release() override { delete this; }

   private:
    alignas(std::max_align_t) std::array<char, 1536> first_block_;
    google::protobuf::Arena arena_;
  };
};

}  // namespace ringway::services
