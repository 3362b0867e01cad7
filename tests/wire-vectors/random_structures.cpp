#include "tests/wire-vectors/random_structures.hpp"

#include "tests/wire-vectors/known_kinds.hpp"

namespace ringway::wire_vectors {
namespace {

using namespace wire;

constexpr std::size_t k_elements_below = 4;
constexpr std::size_t k_bytes_below = 20;

template <typename T, typename RollOne>
std::vector<T> some(Dice& dice, RollOne roll_one) {
  std::vector<T> out(dice.below(k_elements_below));
  for (T& one : out) one = roll_one();
  return out;
}

template <typename T>
std::vector<T> some(Dice& dice) {
  return some<T>(dice, [&dice] {
    T one{};
    roll(dice, one);
    return one;
  });
}

std::vector<NodeId> nodes(Dice& dice) {
  return some<NodeId>(dice, [&dice] { return dice.node(); });
}

std::string text(Dice& dice) { return std::string(text_of(dice.bytes(k_bytes_below))); }

DataModel model_of(KindId kind) {
  DataModel model = DataModel::single;
  KnownKinds().model_of(kind, model);
  return model;
}

KindId kind(Dice& dice) {
  return dice.one_of({k_single_kind, k_array_kind, k_dictionary_kind, k_unknown_kind});
}

// StoreKindData and FetchKindResponse.
template <typename KindData>
KindData kind_data(Dice& dice) {
  KindData out;
  out.kind = kind(dice);
  out.generation_counter = dice.number<std::uint64_t>();
  out.unknown_kind = out.kind == k_unknown_kind;
  if (out.unknown_kind) {
    out.undecoded_values = dice.bytes(k_bytes_below);
    return out;
  }
  out.values = some<StoredData>(dice, [&] {
    StoredData value;
    value.value.model = model_of(out.kind);
    roll(dice, value);
    return value;
  });
  return out;
}

StoredDataSpecifier specifier(Dice& dice) {
  StoredDataSpecifier out;
  out.kind = kind(dice);
  out.generation_counter = dice.number<std::uint64_t>();
  out.unknown_kind = out.kind == k_unknown_kind;
  if (out.unknown_kind) out.undecoded = dice.bytes(k_bytes_below);
  out.model = model_of(out.kind);
  if (out.model == DataModel::array) {
    out.indices = some<ArrayRange>(dice, [&] {
      return ArrayRange{dice.number<std::uint32_t>(), dice.number<std::uint32_t>()};
    });
  }
  if (out.model == DataModel::dictionary) {
    out.keys = some<Bytes>(dice, [&] { return dice.bytes(k_bytes_below); });
  }
  return out;
}

StoredMetaData stored_metadata(Dice& dice, DataModel model) {
  StoredMetaData out;
  out.storage_time_ms = dice.number<std::uint64_t>();
  out.lifetime_s = dice.number<std::uint32_t>();
  out.model = model;
  if (model == DataModel::array) out.index = dice.number<std::uint32_t>();
  if (model == DataModel::dictionary) out.key = dice.bytes(k_bytes_below);
  out.metadata = {dice.coin(), dice.number<std::uint32_t>(), HashAlgorithm::sha256,
                  dice.bytes(k_bytes_below)};
  return out;
}

StatKindResponse stat_response(Dice& dice) {
  StatKindResponse out;
  out.kind = kind(dice);
  out.generation_counter = dice.number<std::uint64_t>();
  out.unknown_kind = out.kind == k_unknown_kind;
  if (out.unknown_kind) {
    out.undecoded_values = dice.bytes(k_bytes_below);
  } else {
    out.values = some<StoredMetaData>(dice, [&] { return stored_metadata(dice, model_of(out.kind)); });
  }
  return out;
}

DestinationList list_without_resource(Dice& dice) {
  return some<Destination>(dice, [&dice]() -> Destination {
    Destination entry;
    do {
      roll(dice, entry);
    } while (std::holds_alternative<ResourceDestination>(entry));
    return entry;
  });
}

}  // namespace

void roll(Dice& dice, Destination& out) {
  switch (dice.below(5)) {
    case 0:
      out = NodeDestination{dice.node()};
      break;
    case 1:
      out = ResourceDestination{dice.bytes(255)};
      break;
    case 2:
      out = OpaqueDestination{dice.bytes(255)};
      break;
    case 3:
      out = CompressedDestination{static_cast<std::uint16_t>(dice.number<std::uint16_t>() | 0x8000U)};
      break;
    default:
      out = UnknownDestination{static_cast<std::uint8_t>(4 + dice.below(124)), dice.bytes(256)};
      break;
  }
}

void roll(Dice& dice, ForwardingHeader& out) {
  out.overlay = dice.number<std::uint32_t>();
  out.configuration_sequence = dice.number<std::uint16_t>();
  out.ttl = dice.number<std::uint8_t>();
  out.fragment = dice.number<std::uint32_t>() | k_fragment_always;
  out.transaction_id = dice.number<std::uint64_t>();
  out.max_response_length = dice.number<std::uint32_t>();
  out.via_list = list_without_resource(dice);
  out.destination_list = list_without_resource(dice);
  if (dice.coin()) out.destination_list.push_back(to_resource(dice.node()));
  out.options = some<ForwardingOption>(dice, [&] {
    return ForwardingOption{static_cast<std::uint8_t>(1 + dice.below(254)), dice.number<std::uint8_t>(),
                            dice.bytes(k_bytes_below)};
  });
}

void roll(Dice& dice, MessageContents& out) {
  out.code = dice.coin() ? MessageCode::error : static_cast<MessageCode>(1 + dice.below(0x7FFF));
  out.body = dice.bytes(k_bytes_below);
  out.extensions = some<MessageExtension>(dice, [&] {
    return MessageExtension{dice.number<std::uint16_t>(), dice.coin(), dice.bytes(k_bytes_below)};
  });
}

void roll(Dice& dice, SignerIdentity& out) {
  out.type = static_cast<SignerIdentityType>(1 + dice.below(5));
  if (out.type == SignerIdentityType::none) return;
  out.digest = dice.bytes(k_bytes_below);
  if (out.type < SignerIdentityType::none) out.hash = static_cast<HashAlgorithm>(dice.number<std::uint8_t>());
}

void roll(Dice& dice, Signature& out) {
  out.hash = static_cast<HashAlgorithm>(dice.number<std::uint8_t>());
  out.algorithm = static_cast<SignatureAlgorithm>(dice.number<std::uint8_t>());
  roll(dice, out.identity);
  out.value = dice.bytes(k_bytes_below);
}

void roll(Dice& dice, SecurityBlock& out) {
  out.certificates = some<GenericCertificate>(dice, [&] {
    return GenericCertificate{CertificateType::x509, dice.bytes(k_bytes_below)};
  });
  roll(dice, out.signature);
}

void roll(Dice& dice, ErrorResponse& out) {
  out.code = static_cast<ErrorCode>(1 + dice.below(0xFFFF));
  out.info = dice.bytes(k_bytes_below);
}

void roll(Dice& dice, IpAddressPort& out) {
  out.type = static_cast<AddressType>(1 + dice.below(3));
  const NodeId random = dice.node();
  if (out.type > AddressType::ipv6) {
    out.unknown = dice.bytes(k_bytes_below);
    return;
  }
  const std::size_t size_bytes = out.type == AddressType::ipv4 ? 4 : 16;
  std::copy_n(random.bytes.begin(), size_bytes, out.address.begin());
  out.port = dice.number<std::uint16_t>();
}

void roll(Dice& dice, JoinReq& out) { out = {dice.node(), dice.bytes(k_bytes_below)}; }
void roll(Dice& dice, JoinAns& out) { out = {dice.bytes(k_bytes_below)}; }
void roll(Dice& dice, LeaveReq& out) { out = {dice.node(), dice.bytes(k_bytes_below)}; }
void roll(Dice& /*dice*/, LeaveAns& /*out*/) {}
void roll(Dice& dice, ChordLeaveData& out) {
  out = {dice.coin() ? ChordLeaveType::from_succ : ChordLeaveType::from_pred, nodes(dice)};
}

void roll(Dice& dice, ChordUpdate& out) {
  out.uptime_s = dice.number<std::uint32_t>();
  out.type = static_cast<ChordUpdateType>(1 + dice.below(3));
  if (out.type >= ChordUpdateType::neighbors) {
    out.predecessors = nodes(dice);
    out.successors = nodes(dice);
  }
  if (out.type == ChordUpdateType::full) out.fingers = nodes(dice);
}

void roll(Dice& /*dice*/, UpdateAns& /*out*/) {}
void roll(Dice& dice, RouteQueryReq& out) {
  out.send_update = dice.coin();
  roll(dice, out.destination);
  out.overlay_specific_data = dice.bytes(k_bytes_below);
}
void roll(Dice& dice, ChordRouteQueryAns& out) { out = {dice.node()}; }

void roll(Dice& dice, ProbeReq& out) {
  out.requested = some<ProbeInformationType>(
      dice, [&] { return static_cast<ProbeInformationType>(1 + dice.below(255)); });
}
void roll(Dice& dice, ProbeInformation& out) {
  out.type = static_cast<ProbeInformationType>(1 + dice.below(5));
  out.value = out.type <= ProbeInformationType::uptime ? Bytes(4, dice.number<std::uint8_t>())
                                                       : dice.bytes(k_bytes_below);
}
void roll(Dice& dice, ProbeAns& out) { out.information = some<ProbeInformation>(dice); }

void roll(Dice& dice, PingReq& out) { out = {dice.bytes(k_bytes_below)}; }
void roll(Dice& dice, PingAns& out) { out = {dice.number<std::uint64_t>(), dice.number<std::uint64_t>()}; }

void roll(Dice& dice, IceExtension& out) { out = {dice.bytes(k_bytes_below), dice.bytes(k_bytes_below)}; }
void roll(Dice& dice, IceCandidate& out) {
  roll(dice, out.address);
  out.link = static_cast<OverlayLinkType>(1 + dice.below(255));
  out.foundation = dice.bytes(k_bytes_below);
  out.priority = dice.number<std::uint32_t>();
  out.type = dice.one_of({CandidateType::host, CandidateType::server_reflexive, CandidateType::relayed});
  if (out.type != CandidateType::host) roll(dice, out.related_address.emplace());
  out.extensions = some<IceExtension>(dice);
}
void roll(Dice& dice, AttachBody& out) {
  out = {dice.bytes(k_bytes_below), dice.bytes(k_bytes_below), text(dice), some<IceCandidate>(dice),
         dice.coin()};
}
void roll(Dice& dice, AppAttachBody& out) {
  out = {dice.bytes(k_bytes_below), dice.bytes(k_bytes_below), dice.number<std::uint16_t>(), text(dice),
         some<IceCandidate>(dice)};
}

void roll(Dice& dice, ConfigUpdateReq& out) {
  out.type = static_cast<ConfigUpdateType>(1 + dice.below(3));
  switch (out.type) {
    case ConfigUpdateType::config:
      out.configuration = dice.bytes(k_bytes_below);
      break;
    case ConfigUpdateType::kind:
      out.kinds = some<Bytes>(dice, [&] { return dice.bytes(k_bytes_below); });
      break;
    default:
      out.unknown = dice.bytes(k_bytes_below);
      break;
  }
}
void roll(Dice& /*dice*/, ConfigUpdateAns& /*out*/) {}
void roll(Dice& dice, UnknownKinds& out) {
  out.kinds = some<KindId>(dice, [&] { return dice.number<KindId>(); });
}

void roll(Dice& dice, StoredDataValue& out) {
  if (out.model == DataModel::array) out.index = dice.number<std::uint32_t>();
  if (out.model == DataModel::dictionary) out.key = dice.bytes(k_bytes_below);
  out.data = {dice.coin(), dice.bytes(k_bytes_below)};
}
void roll(Dice& dice, StoredData& out) {
  out.storage_time_ms = dice.number<std::uint64_t>();
  out.lifetime_s = dice.number<std::uint32_t>();
  roll(dice, out.value);
  roll(dice, out.signature);
}

void roll(Dice& dice, StoreReq& out) {
  out = {dice.bytes(255), dice.number<std::uint8_t>(),
         some<StoreKindData>(dice, [&] { return kind_data<StoreKindData>(dice); })};
}
void roll(Dice& dice, StoreAns& out) {
  out.kind_responses = some<StoreKindResponse>(dice, [&] {
    return StoreKindResponse{kind(dice), dice.number<std::uint64_t>(), nodes(dice)};
  });
}
void roll(Dice& dice, FetchReq& out) {
  out = {dice.bytes(255), some<StoredDataSpecifier>(dice, [&] { return specifier(dice); })};
}
void roll(Dice& dice, StatReq& out) {
  out = {dice.bytes(255), some<StoredDataSpecifier>(dice, [&] { return specifier(dice); })};
}
void roll(Dice& dice, FetchAns& out) {
  out.kind_responses = some<FetchKindResponse>(dice, [&] { return kind_data<FetchKindResponse>(dice); });
}
void roll(Dice& dice, StatAns& out) {
  out.kind_responses = some<StatKindResponse>(dice, [&] { return stat_response(dice); });
}
void roll(Dice& dice, FindReq& out) {
  out = {dice.bytes(255), some<KindId>(dice, [&] { return dice.number<KindId>(); })};
}
void roll(Dice& dice, FindAns& out) {
  out.kind_responses = some<FindKindResponse>(dice, [&] {
    return FindKindResponse{kind(dice), dice.bytes(255)};
  });
}

}  // namespace ringway::wire_vectors
