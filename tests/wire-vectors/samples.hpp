// A fixed set of RELOAD messages: one of each type, storage in each data model, fragments, acknowledgements.
// Each says what an independent decoder must see in it. They are witnesses for the codec, seeds for the
// fuzzers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reload/wire/bodies.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::wire_vectors {

// Fields by the names that Wireshark gives them, with all their values in order of appearance; a number in
// any base, bytes as hexadecimal digits.
using Fields = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct BodySample {
  std::string name;
  wire::MessageCode code = wire::MessageCode::invalid;
  Bytes body;
  Fields fields;
};

struct PacketSample {
  std::string name;
  Bytes packet;  // a frame
  Fields fields;
};

NodeId sample_node(std::uint8_t first_byte);  // first_byte, first_byte + 1, …
wire::ForwardingHeader sample_header();
wire::Signature sample_signature();
wire::Message sample_message(wire::MessageCode code, const Bytes& body);

std::vector<BodySample> overlay_bodies();  // reload/wire/bodies.hpp
std::vector<BodySample> storage_bodies();  // reload/wire/storage_bodies.hpp
std::vector<BodySample> all_bodies();
std::vector<Bytes> messages();  // one for each body, and those with unusual headers
std::vector<PacketSample> packets();

}  // namespace ringway::wire_vectors
