#include "reload/wire/header.hpp"

#include <algorithm>
#include <cassert>
#include <variant>

namespace ringway::wire {
namespace {

constexpr std::size_t k_list_lengths_offset = 32;
constexpr std::size_t k_version_offset = 10;

struct ListSizes {
  std::size_t via = 0;
  std::size_t destination = 0;
  std::size_t options = 0;

  std::size_t total() const { return via + destination + options; }
};

struct WireSize {
  std::size_t operator()(const NodeDestination&) const { return 2 + k_node_id_size_bytes; }
  std::size_t operator()(const ResourceDestination& to) const { return 3 + to.id.size(); }
  std::size_t operator()(const OpaqueDestination& to) const { return 3 + to.id.size(); }
  std::size_t operator()(const CompressedDestination&) const { return 2; }
  std::size_t operator()(const UnknownDestination& to) const { return 2 + to.data.size(); }
};

std::size_t size_of(const DestinationList& list) {
  std::size_t size_bytes = 0;
  for (const Destination& entry : list) size_bytes += std::visit(WireSize{}, entry);
  return size_bytes;
}

ListSizes sizes_of(const ForwardingHeader& header) {
  ListSizes sizes{size_of(header.via_list), size_of(header.destination_list), 0};
  for (const ForwardingOption& option : header.options) sizes.options += 4 + option.value.size();
  return sizes;
}

bool is_resource(const Destination& entry) { return std::holds_alternative<ResourceDestination>(entry); }

// RFC 6940 §6.3.2.2: a Resource-ID stands only at the end of a destination list, and in no via list.
void check_resources(Reader& in, const ForwardingHeader& header) {
  if (std::any_of(header.via_list.begin(), header.via_list.end(), is_resource))
    in.fail("a resource in the via list");
  const DestinationList& list = header.destination_list;
  if (!list.empty() && std::any_of(list.begin(), list.end() - 1, is_resource)) {
    in.fail("a resource before the end of the destination list");
  }
}

ForwardingOption read_option(Reader& in) {
  ForwardingOption option;
  option.type = in.u8();
  if (in.ok() && (option.type == 0 || option.type == 255)) in.fail("forwarding option of type 0 or 255");
  option.flags = in.u8();
  option.value = in.opaque_copy(2);
  return option;
}

void read_destinations(Reader& in, std::size_t size_bytes, DestinationList& out) {
  Reader part = in.sub(size_bytes);
  if (part.ok()) out.reserve(size_bytes / (2 + k_node_id_size_bytes));
  while (part.more()) read(part, out.emplace_back());
  in.finish(part);
}

void read_lists(Reader& in, ForwardingHeader& out) {
  const ListSizes sizes{in.u16(), in.u16(), in.u16()};
  if (std::max(sizes.via, sizes.destination) > k_max_received_list_size_bytes)
    in.fail("a list without room to grow");
  read_destinations(in, sizes.via, out.via_list);
  read_destinations(in, sizes.destination, out.destination_list);
  Reader options = in.sub(sizes.options);
  while (options.more()) out.options.push_back(read_option(options));
  in.finish(options);
  if (in.ok()) check_resources(in, out);
}

// All of a header whose token is known to be there.
void read_header(Reader& in, ForwardingHeader& out) {
  in.take(4);
  out.overlay = in.u32();
  out.configuration_sequence = in.u16();
  out.version = in.u8();
  out.ttl = in.u8();
  out.fragment = in.u32();
  if (in.ok() && (out.fragment & k_fragment_always) == 0) in.fail("the first fragment bit is 0");
  out.length = in.u32();
  out.transaction_id = in.u64();
  out.max_response_length = in.u32();
  read_lists(in, out);
}

Result<ParsedHeader, HeaderFailure> parse(BytesView message, bool is_all_there) {
  Reader in(SharedBytes::borrow(message));
  const bool is_reload = message.size() >= k_fixed_header_size_bytes && Reader(in).u32() == k_reload_token;
  if (!is_reload) return HeaderFailure{HeaderFault::not_reload, "not a RELOAD message", 0};
  ParsedHeader parsed;
  read_header(in, parsed.header);
  parsed.size_bytes = in.position();
  if (is_all_there && parsed.header.length != message.size()) in.fail("length is not that of the message");
  if (parsed.header.version != k_reload_version) {
    HeaderFailure failure{HeaderFault::wrong_version, "version is not 1.0", k_version_offset};
    if (in.ok()) failure.header = std::move(parsed.header);
    return failure;
  }
  if (!in.ok()) return HeaderFailure{HeaderFault::malformed, in.failure().reason, in.failure().offset};
  if (parsed.header.length < parsed.size_bytes) {
    return HeaderFailure{HeaderFault::malformed, "length ends inside the header", 16};
  }
  return parsed;
}

void write_option(Writer& out, const ForwardingOption& option) {
  out.u8(option.type);
  out.u8(option.flags);
  out.opaque(2, option.value);
}

}  // namespace

Result<ParsedHeader, HeaderFailure> parse_header(BytesView message) { return parse(message, true); }

Result<ParsedHeader, HeaderFailure> peek_header(BytesView start_of_message) {
  return parse(start_of_message, false);
}

std::size_t header_size_bytes(const ForwardingHeader& header) {
  return k_fixed_header_size_bytes + sizes_of(header).total();
}

bool is_encodable(const ForwardingHeader& header) {
  const ListSizes sizes = sizes_of(header);
  return std::max({sizes.via, sizes.destination, sizes.options}) <= 0xFFFF;
}

Bytes encode_header(const ForwardingHeader& header, std::size_t payload_size_bytes) {
  const ListSizes sizes = sizes_of(header);
  const std::size_t size_bytes = k_fixed_header_size_bytes + sizes.total();
  Writer out;
  out.reserve(size_bytes);
  out.u32(k_reload_token);
  out.u32(header.overlay);
  out.u16(header.configuration_sequence);
  out.u8(header.version);
  out.u8(header.ttl);
  out.u32(header.fragment);
  out.u32(static_cast<std::uint32_t>(size_bytes + payload_size_bytes));
  out.u64(header.transaction_id);
  out.u32(header.max_response_length);
  assert(out.size() == k_list_lengths_offset);
  out.u16(static_cast<std::uint16_t>(sizes.via));
  out.u16(static_cast<std::uint16_t>(sizes.destination));
  out.u16(static_cast<std::uint16_t>(sizes.options));
  write(out, header.via_list);
  write(out, header.destination_list);
  for (const ForwardingOption& option : header.options) write_option(out, option);
  assert(!out.overflowed() && is_encodable(header) && out.size() == size_bytes);
  return out.take();
}

std::uint32_t overlay_hash(std::string_view overlay_name) {
  const Sha1Digest digest = sha1(view_of(overlay_name));
  return Reader(SharedBytes::borrow(BytesView(digest).last(4))).u32();
}

}  // namespace ringway::wire
