// How many messages one peer passes on in a second: a message of 1 KiB comes in on one link, is looked at as
// far as its header, and goes out on another. Links are in memory; nothing is decoded behind the header,
// nothing is signed.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "reload/routing/routing_component.hpp"
#include "tests/support/test_authority.hpp"

namespace {

using namespace ringway;
using ringway::test::TestAuthority;

constexpr std::size_t k_message_bytes = 1024;
constexpr routing::LinkId k_in{1}, k_out{2};

class FixedRandom : public Random {
 public:
  std::uint64_t next() override { return ++state_; }

 private:
  std::uint64_t state_ = 1;
};

class Forwarder {
 public:
  explicit Forwarder(bool compress_via_lists) {
    auto configuration = std::make_shared<config::Configuration>();
    configuration->instance_name = authority_.overlay_name();
    configuration->sequence = 1;
    configuration->root_certificates_der = {authority_.root_der()};
    configuration->no_ice = true;
    overlay_ = configuration->overlay_hash();
    routing::RoutingSettings settings;
    settings.first_peer = true;
    settings.compress_via_lists = compress_via_lists;
    const auto self = authority_.issue("self@example.org", ringway::test::node_id(1));
    routing_ = std::make_unique<routing::RoutingComponent>(settings, configuration, self,
                                                           std::make_shared<FixedRandom>());
    routing_->start(now_, outputs_);
    link_to(k_in, from_);
    link_to(k_out, to_);
    outputs_.clear();
  }

  SharedBytes message() {
    wire::ForwardingHeader header;
    header.overlay = overlay_;
    header.configuration_sequence = 1;
    header.ttl = 50;
    header.transaction_id = ++transaction_;
    header.via_list = {wire::to_node(ringway::test::node_id(9))};
    header.destination_list = {wire::to_node(to_)};
    Bytes payload(k_message_bytes - 64, 0x5A);
    payload[0] = 0;
    payload[1] = static_cast<std::uint8_t>(wire::MessageCode::store_req);
    Bytes bytes = wire::encode_header(header, payload.size());
    append(bytes, payload);
    return SharedBytes(std::move(bytes));
  }
  // The number of messages that went out.
  std::size_t pass_on(const SharedBytes& message) {
    outputs_.clear();
    routing_->handle(now_, routing::LinkMessage{k_in, message}, outputs_);
    return outputs_.size();
  }

 private:
  void link_to(routing::LinkId link, const NodeId& node) {
    const auto signer = authority_.issue("other@example.org", node);
    routing_->handle(now_, routing::LinkUp{link, 0, signer->certificate(), {}}, outputs_);
  }

  TestAuthority authority_;
  NodeId from_ = ringway::test::node_id(2), to_ = ringway::test::node_id(3);
  Now now_{{1'000'000}, ringway::test::k_now_ms};
  std::uint32_t overlay_ = 0;
  std::uint64_t transaction_ = 0;
  std::unique_ptr<routing::RoutingComponent> routing_;
  routing::Outputs outputs_;
};

void forward(benchmark::State& state) {
  Forwarder forwarder(state.range(0) != 0);
  const SharedBytes message = forwarder.message();
  for (auto _ : state) {
    if (forwarder.pass_on(message) != 1) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(forward)->ArgName("compressed_via")->Arg(0)->Arg(1);

}  // namespace
