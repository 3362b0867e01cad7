// The API server on a fake peer, over a channel inside the process: what calls become, and what answers and
// failures become.
#include "services/api/server.hpp"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "ringway/v1/overlay.grpc.pb.h"
#include "ringway/v1/peer.grpc.pb.h"
#include "services/api/address.hpp"
#include "services/api/overlay_service.hpp"
#include "services/api/phone_address.hpp"
#include "services/rpc/listening.hpp"
#include "tests/services/api/fake_peer.hpp"

namespace ringway::services {
namespace {

NodeId node(std::uint8_t first) {
  NodeId id;
  id.bytes[0] = first;
  return id;
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = ApiServer::start({}, peer_, [this](std::function<void()> done) {
      ++leaves_;
      done();
    });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
    channel_ = server_->in_process_channel();
    overlay_ = v1::Overlay::NewStub(channel_);
    stub_ = v1::Peer::NewStub(channel_);
  }
  void TearDown() override {
    if (server_) server_->stop(std::chrono::milliseconds{0});
  }

  grpc::Status get(const v1::GetRequest& request, v1::GetResponse& response) {
    grpc::ClientContext context;
    return overlay_->Get(&context, request, &response);
  }

  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<ApiServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Overlay::Stub> overlay_;
  std::unique_ptr<v1::Peer::Stub> stub_;
  int leaves_ = 0;
};

TEST_F(ServerTest, PutCarriesEveryFieldBothWays) {
  std::optional<data::PutCall> seen;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    seen = std::get<data::PutCall>(call);
    data::PutResult result;
    result.generation = 7;
    result.copies = 2;
    result.copies_wanted = 3;
    result.replicas = {node(0xAB)};
    result.storage_time_ms = 1234567890123;
    return result;
  };
  v1::PutRequest request;
  request.set_key("alice@example.org/card");
  request.set_entry("home");
  request.set_value(std::string("\0\xFF", 2));
  request.set_lifetime_s(60);
  request.set_expected_generation(6);
  request.set_keep(true);
  v1::PutResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(overlay_->Put(&context, request, &response).ok());

  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->key, "alice@example.org/card");
  EXPECT_EQ(seen->entry, "home");
  EXPECT_EQ(seen->value, (Bytes{0x00, 0xFF}));
  EXPECT_EQ(seen->lifetime_s, 60U);
  EXPECT_EQ(seen->expected_generation, 6U);
  EXPECT_TRUE(seen->keep);
  EXPECT_EQ(response.generation(), 7U);
  EXPECT_EQ(response.copies(), 2U);
  EXPECT_EQ(response.copies_wanted(), 3U);
  ASSERT_EQ(response.replicas_size(), 1);
  EXPECT_EQ(response.replicas(0), "ab000000000000000000000000000000");
  EXPECT_EQ(response.storage_time_ms(), 1234567890123U);
}

TEST_F(ServerTest, UnsetFieldsOfPutMeanTheDefaults) {
  std::optional<data::PutCall> seen;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    seen = std::get<data::PutCall>(call);
    return data::PutResult{};
  };
  v1::PutResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(overlay_->Put(&context, v1::PutRequest{}, &response).ok());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->lifetime_s, data::k_default_lifetime_s);
  EXPECT_FALSE(seen->expected_generation.has_value());
}

TEST_F(ServerTest, GetTellsAnEntryOfEmptyNameFromAllEntries) {
  std::vector<std::optional<std::string>> seen;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    seen.push_back(std::get<data::GetCall>(call).entry);
    return data::GetResult{};
  };
  v1::GetRequest request;
  v1::GetResponse response;
  ASSERT_TRUE(get(request, response).ok());
  request.set_entry("");
  ASSERT_TRUE(get(request, response).ok());
  EXPECT_THAT(seen, ::testing::ElementsAre(std::nullopt, std::optional<std::string>("")));
}

TEST_F(ServerTest, GetSaysHowManyAreToBeAsked) {
  std::vector<data::Consistency> seen;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    seen.push_back(std::get<data::GetCall>(call).consistency);
    return data::GetResult{};
  };
  v1::GetRequest request;
  v1::GetResponse response;
  ASSERT_TRUE(get(request, response).ok());
  request.set_consistency(v1::CONSISTENCY_QUORUM);
  ASSERT_TRUE(get(request, response).ok());
  request.set_consistency(v1::CONSISTENCY_DISJOINT);
  ASSERT_TRUE(get(request, response).ok());
  // Of a newer client: nothing weaker than it has asked for.
  request.set_consistency(static_cast<v1::Consistency>(7));
  ASSERT_TRUE(get(request, response).ok());
  EXPECT_THAT(seen, ::testing::ElementsAre(data::Consistency::one, data::Consistency::quorum,
                                           data::Consistency::disjoint, data::Consistency::disjoint));
}

TEST_F(ServerTest, GetShowsWritersAndLeavesOutWhatIsNoText) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::GetResult result;
    result.generation = 3;
    result.discarded = 1;
    result.entries.push_back({"work", {0x01}, "alice@example.org", node(1), 1000, 50});
    result.entries.push_back({"\xC3\x28", {0x02}, "alice@example.org", node(1), 1000, 50});  // not UTF-8
    return result;
  };
  v1::GetResponse response;
  ASSERT_TRUE(get({}, response).ok());
  ASSERT_EQ(response.entries_size(), 1);
  const v1::Entry& entry = response.entries(0);
  EXPECT_EQ(entry.entry(), "work");
  EXPECT_EQ(entry.value(), "\x01");
  EXPECT_EQ(entry.writer(), "alice@example.org");
  EXPECT_EQ(entry.writer_node(), node(1).hex());
  EXPECT_EQ(entry.storage_time_ms(), 1000U);
  EXPECT_EQ(entry.lifetime_s(), 50U);
  EXPECT_EQ(response.discarded(), 2U);
}

TEST_F(ServerTest, ARollbackIsFlaggedAndCounted) {
  // Shows: STORE-38.
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::GetResult result;
    result.entries.resize(2);
    result.entries[1].rolled_back = true;
    return result;
  };
  v1::GetResponse response;
  ASSERT_TRUE(get({}, response).ok());
  ASSERT_EQ(response.entries_size(), 2);
  EXPECT_FALSE(response.entries(0).rolled_back());
  EXPECT_TRUE(response.entries(1).rolled_back());
  EXPECT_EQ(response.discarded(), 0U);

  peer_->present.storage.rollbacks = 3;
  peer_->present.storage.kinds_damaged = 5;
  peer_->present.storage.kinds_mended = 4;
  peer_->present.storage.careful_reads = 9;
  peer_->present.storage.holders_differed = 8;
  peer_->present.storage.detours = 7;
  peer_->present.routing.listings_left_out = 6;
  v1::StatusResponse status;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Status(&context, {}, &status).ok());
  EXPECT_EQ(status.storage().rollbacks(), 3U);
  EXPECT_EQ(status.storage().kinds_damaged(), 5U);
  EXPECT_EQ(status.storage().kinds_mended(), 4U);
  EXPECT_EQ(status.storage().careful_reads(), 9U);
  EXPECT_EQ(status.storage().holders_differed(), 8U);
  EXPECT_EQ(status.storage().detours(), 7U);
  EXPECT_EQ(status.routing().listings_left_out(), 6U);
}

TEST_F(ServerTest, StatusTellsOfPhonesWhereTheyAreServed) {
  const auto status = [this] {
    v1::StatusResponse out;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->Status(&context, {}, &out).ok());
    return out;
  };
  EXPECT_FALSE(status().has_phones());
  actors::SipReport report;
  report.listening_on = {*parse_phone_listen("tcp:192.0.2.1:5060")};
  report.registrar.accepted = 3;
  report.proxy.no_room = 1, report.proxy.no_room_for_source = 4;
  report.transactions.refused_busy = 2;
  report.peers = {.opened = 11, .open_failed = 12, .accepted = 13, .refused_asked = 14, .uninvited = 15};
  report.peer_links.bytes_in = 16, report.peer_links.bytes_out = 17, report.peer_links.handshakes_failed = 18;
  report.peer_links.refused_connections = 20, report.peer_links.refused_of_address = 30;
  report.element = {.refused_unread = 41,
                    .not_sent = 42,
                    .merged = 43,
                    .leaving = 44,
                    .false_from = 45,
                    .passed_on = 46,
                    .not_passed_on = 47};
  report.tables = {{"flows", 7, 9}};
  peer_->present.sip = std::make_shared<const actors::SipReport>(report);
  const auto phones = status().phones();
  ASSERT_EQ(phones.listening_on_size(), 1);
  EXPECT_EQ(phones.listening_on(0), "tcp:192.0.2.1:5060");
  EXPECT_EQ(phones.counters().registers_accepted(), 3U);
  EXPECT_EQ(phones.counters().requests_busy(), 7U);
  EXPECT_EQ(phones.counters().peers_opened(), 11U);
  EXPECT_EQ(phones.counters().peers_not_reached(), 12U);
  EXPECT_EQ(phones.counters().peers_accepted(), 13U);
  EXPECT_EQ(phones.counters().peers_refused(), 64U);
  EXPECT_EQ(phones.counters().peers_uninvited(), 15U);
  EXPECT_EQ(phones.counters().peer_bytes_in(), 16U);
  EXPECT_EQ(phones.counters().peer_bytes_out(), 17U);
  EXPECT_EQ(phones.counters().peer_handshakes_failed(), 18U);
  EXPECT_EQ(phones.counters().unreadable_refused(), 41U);
  EXPECT_EQ(phones.counters().not_sent(), 42U);
  EXPECT_EQ(phones.counters().merged(), 43U);
  EXPECT_EQ(phones.counters().leaving_refused(), 44U);
  EXPECT_EQ(phones.counters().false_names(), 45U);
  EXPECT_EQ(phones.counters().passed_on(), 46U);
  EXPECT_EQ(phones.counters().not_passed_on(), 47U);
  ASSERT_EQ(phones.tables_size(), 1);
  EXPECT_EQ(phones.tables(0).bound(), 9U);
}

TEST_F(ServerTest, StatusTellsOfTheRelayWhereThereIsOne) {
  const auto status = [this] {
    v1::StatusResponse out;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->Status(&context, {}, &out).ok());
    return out;
  };
  EXPECT_FALSE(status().has_relay());
  actors::RelayReport report;
  report.listening_on = {"tls:192.0.2.1:5349"};
  report.is_draining = true;
  report.allocations = 2;
  using enum stun::ErrorCode;
  report.control.errors = {{unauthenticated, 3},      {stale_nonce, 4},  {forbidden, 5},
                           {bad_request, 6},          {server_error, 7}, {allocation_quota_reached, 8},
                           {insufficient_capacity, 9}};
  report.traffic.bindings = 14, report.traffic.bindings_dropped = 15, report.traffic.errors_told = 16;
  report.traffic.bytes_to_clients = 10, report.traffic.malformed = 11, report.traffic.streams_refused = 12;
  peer_->present.relay = std::make_shared<const actors::RelayReport>(report);
  const auto relay = status().relay();
  ASSERT_EQ(relay.listening_on_size(), 1);
  EXPECT_EQ(relay.listening_on(0), "tls:192.0.2.1:5349");
  EXPECT_TRUE(relay.draining());
  const auto& counters = relay.counters();
  EXPECT_EQ(counters.allocations(), 2U);
  EXPECT_EQ(counters.unauthenticated(), 3U);
  EXPECT_EQ(counters.stale_nonce(), 4U);
  EXPECT_EQ(counters.forbidden(), 5U);
  EXPECT_EQ(counters.other_errors(), 13U);
  EXPECT_EQ(counters.quota_reached(), 8U);
  EXPECT_EQ(counters.no_capacity(), 9U);
  EXPECT_EQ(counters.bytes_to_clients(), 10U);
  EXPECT_EQ(counters.unreadable(), 11U);
  EXPECT_EQ(counters.streams_refused(), 12U);
  EXPECT_EQ(counters.bindings(), 14U);
  EXPECT_EQ(counters.bindings_dropped(), 15U);
  EXPECT_EQ(counters.errors_told(), 16U);
}

TEST_F(ServerTest, EveryFailureIsAStatusWithItsMessage) {
  const std::vector<std::pair<data::CallError, grpc::StatusCode>> pairs{
      {data::CallError::invalid_argument, grpc::StatusCode::INVALID_ARGUMENT},
      {data::CallError::not_found, grpc::StatusCode::NOT_FOUND},
      {data::CallError::permission_denied, grpc::StatusCode::PERMISSION_DENIED},
      {data::CallError::aborted, grpc::StatusCode::ABORTED},
      {data::CallError::resource_exhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {data::CallError::failed_precondition, grpc::StatusCode::FAILED_PRECONDITION},
      {data::CallError::unavailable, grpc::StatusCode::UNAVAILABLE},
      {data::CallError::deadline_exceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
      {data::CallError::data_loss, grpc::StatusCode::DATA_LOSS},
      {data::CallError::internal, grpc::StatusCode::INTERNAL},
  };
  for (const auto& [error, code] : pairs) {
    peer_->answer = [failure = error](const data::Call&) -> data::CallResult {
      return data::CallFailure{failure, "do this instead", 0};
    };
    v1::GetResponse response;
    const auto status = get({}, response);
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(status.error_message(), "do this instead");
  }
}

TEST_F(ServerTest, AGenerationConflictCarriesThePresentGeneration) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    return data::CallFailure{data::CallError::aborted, "the generation is 42", 42};
  };
  v1::RemoveResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(overlay_->Remove(&context, {}, &response).error_code(), grpc::StatusCode::ABORTED);
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto found = trailing.find(k_generation_metadata);
  ASSERT_NE(found, trailing.end());
  EXPECT_EQ(found->second, "42");
}

TEST_F(ServerTest, BatchAnswersEachOperationInItsPlace) {
  peer_->answer = [](const data::Call& call) -> data::CallResult {
    if (std::holds_alternative<data::PutCall>(call)) {
      data::PutResult result;
      result.generation = 1;
      return result;
    }
    if (std::holds_alternative<data::RemoveCall>(call)) {
      data::PutResult result;
      result.generation = 2;
      return result;
    }
    if (std::holds_alternative<data::StatCall>(call)) {
      data::StatResult result;
      result.entries.push_back({"", node(9), 5, 6, 7});
      return result;
    }
    return data::CallFailure{data::CallError::aborted, "no", 8};
  };
  v1::BatchRequest request;
  request.add_operations()->mutable_put()->set_key("a");
  request.add_operations()->mutable_get()->set_key("b");
  request.add_operations()->mutable_remove()->set_key("c");
  request.add_operations()->mutable_stat()->set_key("d");
  v1::BatchResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(overlay_->Batch(&context, request, &response).ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).put().generation(), 1U);
  EXPECT_EQ(response.results(1).error().code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(response.results(1).error().message(), "no");
  EXPECT_EQ(response.results(1).error().generation(), 8U);
  EXPECT_EQ(response.results(2).remove().generation(), 2U);
  EXPECT_EQ(response.results(3).stat().entries(0).writer_node(), node(9).hex());
  EXPECT_EQ(response.results(3).stat().entries(0).size_bytes(), 5U);
}

TEST_F(ServerTest, BatchesThatAreNoneAreRefusedAsAWhole) {
  peer_->answer = [](const data::Call&) -> data::CallResult { return data::GetResult{}; };
  const auto batch = [this](const v1::BatchRequest& request) {
    v1::BatchResponse response;
    grpc::ClientContext context;
    return overlay_->Batch(&context, request, &response);
  };
  v1::BatchRequest request;
  EXPECT_EQ(batch(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (std::size_t i = 0; i < data::k_max_batch_calls; ++i) request.add_operations()->mutable_get();
  EXPECT_TRUE(batch(request).ok());
  request.add_operations()->mutable_get();
  EXPECT_THAT(batch(request).error_message(), ::testing::HasSubstr("at most 1024"));
  request.Clear();
  request.add_operations()->mutable_get();
  request.add_operations();
  EXPECT_THAT(batch(request).error_message(), ::testing::HasSubstr("operation 1"));
}

TEST_F(ServerTest, ARequestOverTheLimitIsRefused) {
  peer_->answer = [](const data::Call&) -> data::CallResult { return data::PutResult{}; };
  v1::PutRequest request;
  request.set_value(std::string(k_max_request_bytes + 1, 'x'));
  v1::PutResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(overlay_->Put(&context, request, &response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerTest, CancellingDropsTheCallAtThePeer) {
  grpc::ClientContext context;
  v1::GetResponse response;
  auto outcome = std::async(std::launch::async, [&] { return overlay_->Get(&context, {}, &response); });
  const auto submission = peer_->take_submission();
  ASSERT_TRUE(submission);
  context.TryCancel();
  EXPECT_EQ(outcome.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_THAT(peer_->wait_for_cancel(), ::testing::ElementsAre(1U));
  submission->done({data::GetResult{}});  // an answer that was already on its way changes nothing
}

TEST_F(ServerTest, ADeadlineDropsTheCallAtThePeer) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  v1::GetResponse response;
  EXPECT_EQ(overlay_->Get(&context, {}, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(peer_->wait_for_cancel(), ::testing::ElementsAre(1U));
  EXPECT_TRUE(peer_->take_submission()) << "and lets it go, as a peer does with a call that is cancelled";
}

TEST_F(ServerTest, AnAnswerFromAnotherThreadCompletesTheCall) {
  grpc::ClientContext context;
  v1::GetResponse response;
  auto outcome = std::async(std::launch::async, [&] { return overlay_->Get(&context, {}, &response); });
  const auto submission = peer_->take_submission();
  ASSERT_TRUE(submission);
  data::GetResult result;
  result.generation = 5;
  submission->done({result});
  EXPECT_TRUE(outcome.get().ok());
  EXPECT_EQ(response.generation(), 5U);
}

TEST_F(ServerTest, WatchStreamsEachEventAndThenTheFailure) {
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_key("shared/news");
  request.set_entry("");
  request.set_resume_token("abc");
  const auto reader = overlay_->Watch(&context, request);
  data::WatchUpdate update;
  update.state.generation = 3;
  update.state.entries.push_back({"", {'x'}, "bob@example.org", node(1), 5, 60});
  update.resume_token = "t1";
  ASSERT_TRUE(peer_->give(update));
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(peer_->watched[0].key, "shared/news");
  EXPECT_EQ(peer_->watched[0].entry, "");
  EXPECT_EQ(peer_->watched[0].resume_token, "abc");
  EXPECT_EQ(response.generation(), 3U);
  ASSERT_EQ(response.entries_size(), 1);
  EXPECT_EQ(response.entries(0).value(), "x");
  EXPECT_FALSE(response.compacted());
  EXPECT_EQ(response.resume_token(), "t1");
  update.state.entries.clear();
  update.compacted = true;
  ASSERT_TRUE(peer_->give(update)) << "the next one was asked for";
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.entries_size(), 0);
  EXPECT_TRUE(response.compacted());
  ASSERT_TRUE(peer_->give(data::CallFailure{data::CallError::unavailable, "the peer has stopped", 0}));
  EXPECT_FALSE(reader->Read(&response));
  const auto status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the peer has stopped");
}

TEST_F(ServerTest, ACancelledWatchIsDroppedAtThePeer) {
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_key("shared/news");
  const auto reader = overlay_->Watch(&context, request);
  ASSERT_TRUE(peer_->give(data::WatchUpdate{}));
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  context.TryCancel();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(peer_->wait_for_cancel().size(), 1U);
}

TEST_F(ServerTest, RingShowsTheNeighbours) {
  auto view = std::make_shared<topology::RingView>();
  view->version = 4;
  view->joined = true;
  view->predecessors = {node(1)};
  view->successors = {node(3), node(5)};
  peer_->present.node = node(2);
  peer_->present.overlay = "overlay.example.org";
  peer_->present.routing.view = view;
  peer_->present.routing.phase = "joined";
  peer_->present.routing.fingers = {node(0x80)};
  routing::LinkStatus link;
  link.node = node(3);
  link.remote = *parse_address("127.0.0.1:6084");
  link.routable = true;
  peer_->present.routing.links = {link};

  v1::RingResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Ring(&context, {}, &response).ok());
  EXPECT_EQ(response.node(), node(2).hex());
  EXPECT_TRUE(response.joined());
  EXPECT_THAT(response.predecessors(), ::testing::ElementsAre(node(1).hex()));
  EXPECT_THAT(response.successors(), ::testing::ElementsAre(node(3).hex(), node(5).hex()));
  EXPECT_THAT(response.fingers(), ::testing::ElementsAre(node(0x80).hex()));
  ASSERT_EQ(response.links_size(), 1);
  EXPECT_EQ(response.links(0).remote(), "127.0.0.1:6084");
  EXPECT_EQ(response.version(), 4U);
  EXPECT_EQ(response.replicas(), 2U);
}

TEST_F(ServerTest, PingGoesToANodeAKeyOrAResource) {
  peer_->ping_outcome.ok = true;
  peer_->ping_outcome.responder = node(7);
  peer_->ping_outcome.round_trip_ms = 1.5;
  const auto ping = [this](const v1::PingRequest& request, v1::PingResponse& response) {
    grpc::ClientContext context;
    return stub_->Ping(&context, request, &response);
  };
  v1::PingRequest request;
  v1::PingResponse response;
  EXPECT_EQ(ping(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_node("12");
  EXPECT_EQ(ping(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  request.set_node(node(7).hex());
  ASSERT_TRUE(ping(request, response).ok());
  EXPECT_EQ(peer_->pinged, wire::to_node(node(7)));
  EXPECT_EQ(response.responder(), node(7).hex());
  EXPECT_EQ(response.round_trip_ms(), 1.5);

  request.set_key("alice@dht.example.com");
  ASSERT_TRUE(ping(request, response).ok());
  EXPECT_EQ(peer_->pinged, wire::to_resource(resource_id_of("alice@dht.example.com")));

  peer_->ping_outcome.ok = false;
  peer_->ping_outcome.reason = "no answer";
  const auto status = ping(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(
      status.error_message(),
      "the ping failed: no answer; see in this peer's status whether it has joined, then try again or ask "
      "another peer");
}

TEST_F(ServerTest, LeaveAsksTheProgram) {
  v1::LeaveResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(stub_->Leave(&context, {}, &response).ok());
  EXPECT_EQ(leaves_, 1);
}

TEST(ApiSettingsTest, PlainTcpIsForLoopbackOnly) {
  // Shows: FM-51.
  ApiSettings settings;
  settings.listen = *parse_address("192.0.2.1:0");
  const auto started = ApiServer::start(settings, std::make_shared<FakePeer>(), {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().reason, ::testing::HasSubstr("loopback"));
}

TEST(ApiSettingsTest, ASocketPathThatTheSystemCannotHoldIsRefused) {
  ApiSettings settings;
  settings.socket_path = "/" + std::string(k_max_socket_path_bytes, 'x');
  EXPECT_FALSE(ApiServer::start(settings, std::make_shared<FakePeer>(), {}));
}

}  // namespace
}  // namespace ringway::services
