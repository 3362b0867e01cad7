#include "tests/reload/routing/lone_peer.hpp"

#include <gtest/gtest.h>

#include <iterator>

namespace ringway::routing::test {

using ringway::test::node_id;
using wire::MessageCode;

wire::ErrorCode Sent::error() const {
  if (code() != MessageCode::error) return wire::ErrorCode::invalid;
  const auto body = wire::decode<wire::ErrorResponse>(message.contents.body);
  return body ? body->code : wire::ErrorCode::invalid;
}

LonePeer::LonePeer(const Setup& setup) : id_(node_id(setup.first_byte_of_id)) {
  auto configuration = std::make_shared<config::Configuration>();
  configuration->instance_name = authority_.overlay_name();
  configuration->sequence = k_sequence;
  configuration->root_certificates_der = {authority_.root_der()};
  configuration->no_ice = true;
  if (setup.configuration) setup.configuration(*configuration);
  RoutingSettings settings;
  settings.first_peer = true;
  settings.own_addresses = {{wire::AddressType::ipv4, {192, 0, 2, 64}, 6084}};
  if (setup.settings) setup.settings(settings);
  inspector_ = std::make_unique<security::Inspector>(security::InspectionContext{
      authority_.trust(), std::make_shared<const config::Kinds>(configuration->kinds)});
  routing_ =
      std::make_unique<RoutingComponent>(settings, configuration, authority_.issue("lone@example.org", id_),
                                         std::make_shared<CountingRandom>(1));
  Outputs outputs;
  routing_->start(now_, outputs);
  EXPECT_TRUE(perform(outputs).empty());
}

Remote LonePeer::connect(const NodeId& id) {
  const Remote remote{id, authority_.issue("user-" + id.hex().substr(0, 4) + "@example.org", id),
                      LinkId{next_link_++}};
  input(LinkUp{remote.link, 0, remote.signer->certificate(), {}});
  return remote;
}

Remote LonePeer::neighbor(const NodeId& id) {
  const Remote remote = connect(id);
  const wire::ChordUpdate ready{1, wire::ChordUpdateType::peer_ready, {}, {}, {}};
  receive(remote, header_to({wire::to_node(id_)}), MessageCode::update_req, wire::encode(ready));
  return remote;
}

Remote LonePeer::client(const NodeId& id) {
  Remote remote = connect(id);
  wire::AttachBody attach;
  attach.role = "passive";
  wire::IceCandidate candidate;
  candidate.address = {wire::AddressType::ipv4, {192, 0, 2, id.bytes[0]}, 6084};
  candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
  candidate.type = wire::CandidateType::host;
  attach.candidates = {candidate};
  receive(remote, header_to({wire::to_node(id_)}), MessageCode::attach_req, wire::encode(attach));
  EXPECT_FALSE(opened.empty());
  remote.link = LinkId{next_link_++};
  input(LinkUp{remote.link, opened.back().attempt, remote.signer->certificate(), {}});
  return remote;
}

wire::ForwardingHeader LonePeer::header_to(wire::DestinationList destination) {
  wire::ForwardingHeader header;
  header.overlay = wire::overlay_hash(authority_.overlay_name());
  header.configuration_sequence = k_sequence;
  header.transaction_id = next_transaction_++;
  header.destination_list = std::move(destination);
  return header;
}

Bytes LonePeer::message(const Remote& author, const wire::ForwardingHeader& header, MessageCode code,
                        BytesView body, const std::vector<wire::MessageExtension>& extensions) {
  const Bytes contents = wire::encode(wire::MessageContents{code, SharedBytes(copy_of(body)), extensions});
  const Bytes input = security::message_signature_input(header.overlay, header.transaction_id, contents);
  const Bytes payload =
      wire::encode_payload(contents, security::make_security_block(*author.signer, input, {}));
  Bytes whole = wire::encode_header(header, payload.size());
  append(whole, payload);
  return whole;
}

SentList LonePeer::receive(const Remote& over, Bytes whole) {
  return input(LinkMessage{over.link, SharedBytes(std::move(whole))});
}

SentList LonePeer::receive(const Remote& from, const wire::ForwardingHeader& header, MessageCode code,
                           BytesView body) {
  return receive(from, message(from, header, code, body));
}

SentList LonePeer::ping(const Remote& from, const wire::ForwardingHeader& header) {
  return receive(from, header, MessageCode::ping_req, wire::encode(wire::PingReq{}));
}

SentList LonePeer::input(Input input) {
  if (const auto* up = std::get_if<LinkUp>(&input); up != nullptr && up->application)
    channel_links_.insert(up->link);
  Outputs outputs;
  routing_->handle(now_, std::move(input), outputs);
  return perform(outputs);
}

SentList LonePeer::offer_document(const Bytes& document) {
  Outputs outputs;
  offer = routing_->offer_document(now_, SharedBytes(document), outputs);
  return perform(outputs);
}

SentList LonePeer::advance(Duration step) {
  SentList sent;
  const MonoTime end = now_.mono + step;
  while (true) {
    const auto due = routing_->next_deadline();
    const MonoTime next = due && *due < end ? std::max(*due, now_.mono) : end;
    now_.wall_ms += static_cast<WallMs>((next - now_.mono).count());
    now_.mono = next;
    if (!due || *due > end) return sent;
    Outputs outputs;
    routing_->on_timer(now_, outputs);
    auto more = perform(outputs);
    std::move(more.begin(), more.end(), std::back_inserter(sent));
  }
}

SentList LonePeer::request(wire::DestinationList destination, MessageCode code, Bytes body) {
  SendRequest request;
  request.origin = Origin::storage;
  request.token = next_transaction_++;
  request.destination = std::move(destination);
  request.code = code;
  request.body = SharedBytes(std::move(body));
  return input(std::move(request));
}

SentList LonePeer::perform(Outputs& outputs) {
  SentList sent;
  for (Output& output : outputs) {
    if (auto* transmit = std::get_if<Transmit>(&output)) {
      Bytes whole = transmit->header;
      append(whole, transmit->payload);
      if (channel_links_.contains(transmit->link)) {
        channels.push_back("on " + std::to_string(transmit->link.number) + ": " +
                           std::string(text_of(whole)));
        continue;
      }
      auto decoded = wire::decode_message(SharedBytes(whole));
      EXPECT_TRUE(decoded.ok()) << "transmitted what cannot be read";
      if (decoded) sent.push_back({transmit->link, std::move(decoded).value(), std::move(whole)});
    } else if (auto* inspect = std::get_if<Inspect>(&output)) {
      auto verdict = std::make_shared<Result<security::InspectedMessage>>(inspector_->inspect(
          now_.wall_ms, std::move(inspect->header), inspect->bytes, inspect->fetch_resource));
      auto more = input(Inspected{inspect->ticket, std::move(verdict)});
      std::move(more.begin(), more.end(), std::back_inserter(sent));
    } else if (auto* open = std::get_if<OpenLink>(&output)) {
      opened.push_back(*open);
    } else if (auto* close = std::get_if<CloseLink>(&output)) {
      closed.push_back(*close);
    } else if (auto* deliver = std::get_if<DeliverRequest>(&output)) {
      delivered.push_back(*deliver);
    } else if (auto* finished = std::get_if<RequestDone>(&output)) {
      done.push_back(std::move(*finished));
    } else if (auto* changed = std::get_if<ConfigurationChanged>(&output)) {
      configurations.push_back(*changed);
    } else if (auto* up = std::get_if<ChannelUp>(&output)) {
      channels.push_back("up " + up->node.hex().substr(0, 2));
    } else if (auto* down = std::get_if<ChannelDown>(&output)) {
      channels.push_back("down " + down->node.hex().substr(0, 2) + ": " + down->reason);
    } else if (auto* message = std::get_if<ChannelMessage>(&output)) {
      channels.push_back(message->node.hex().substr(0, 2) + " says " +
                         std::string(text_of(message->message)));
    } else if (auto* connect = std::get_if<AppConnect>(&output)) {
      app_connects.push_back(std::move(*connect));
    } else if (auto* app_attach = std::get_if<AppAttachDone>(&output)) {
      app_attaches_done.push_back(std::move(*app_attach));
    } else if (auto* exit = std::get_if<MustExit>(&output)) {
      exits.push_back(*exit);
    }
  }
  return sent;
}

}  // namespace ringway::routing::test
