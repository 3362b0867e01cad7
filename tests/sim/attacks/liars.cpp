#include "tests/sim/attacks/liars.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ringway::sim {

wire::Message taken_apart(const SharedBytes& message) {
  auto parsed = wire::decode_message(message);
  if (!parsed) throw std::runtime_error("a peer has sent what is no message: " + parsed.error().reason);
  return std::move(*parsed);
}

SharedBytes with_header(const SharedBytes& message,
                        const std::function<void(wire::ForwardingHeader&)>& change) {
  auto parsed = wire::parse_header(message);
  if (!parsed) throw std::runtime_error("a peer has sent what has no header");
  const SharedBytes payload = message.from(parsed->size_bytes);
  change(parsed->header);
  Bytes whole = wire::encode_header(parsed->header, payload.size());
  append(whole, payload);
  return SharedBytes(std::move(whole));
}

namespace {

SimulationSettings with_room_for_documents(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.configure = [](auto& values) { values.max_message_size_bytes = 65'536; };
  return settings;
}

}  // namespace

Attacks::Attacks(std::size_t peers, std::uint64_t seed) : simulation(with_room_for_documents(seed)) {
  EXPECT_TRUE(simulation.grow(peers)) << simulation.ring_fault();
  EXPECT_TRUE(forms_ring(simulation));
}

bool Attacks::linked(PeerNumber a, PeerNumber b) const {
  const auto links = status(a).links;
  return std::any_of(links.begin(), links.end(),
                     [&](const auto& link) { return link.node == simulation.peer(b).node_id(); });
}

std::string Attacks::key_at(PeerNumber responsible, PeerNumber owner) {
  for (int i = 0; i < 10'000; ++i) {
    std::string key = user_of(owner) + "/key-" + std::to_string(i);
    if (simulation.responsible_for(ring_id_from(resource_id_of(std::string_view(key)).view())) == responsible)
      return key;
  }
  throw std::runtime_error("no key for that peer");
}

std::optional<Attacks::Way> Attacks::way_through_others(PeerNumber owner) {
  for (const PeerNumber reader : simulation.living()) {
    for (const PeerNumber responsible : simulation.living()) {
      if (reader == owner || responsible == owner || reader == responsible) continue;
      if (!linked(reader, responsible)) return Way{reader, responsible, key_at(responsible, owner)};
    }
  }
  return std::nullopt;
}

data::CallResult Attacks::put(PeerNumber writer, const std::string& key, std::string_view value,
                              std::uint32_t lifetime_s) {
  data::PutCall call;
  call.key = key;
  call.value = copy_of(view_of(value));
  call.lifetime_s = lifetime_s;
  return simulation.call(writer, std::move(call));
}

data::CallResult Attacks::get(PeerNumber reader, const std::string& key) {
  return simulation.call(reader, data::GetCall{key, std::nullopt});
}

std::string Attacks::read(PeerNumber reader, const std::string& key) {
  const auto result = get(reader, key);
  const auto* got = std::get_if<data::GetResult>(&result);
  if (got == nullptr) return describe(result);
  return got->entries.size() == 1 ? std::string(text_of(got->entries[0].value)) : "several";
}

void Attacks::on_path(const Way& way, wire::MessageCode code, Lie lie) {
  for (const PeerNumber peer : simulation.living()) {
    if (peer == way.reader || peer == way.responsible) continue;
    simulation.network().tamper(peer, [code, lie](PeerNumber, const SharedBytes& message) {
      const auto parsed = wire::parse_header(message);
      const bool passed_on = parsed && !parsed->header.via_list.empty();
      return passed_on && code_of(message) == code ? lie(message) : std::vector<SharedBytes>{message};
    });
  }
}

void Attacks::all_honest() {
  for (PeerNumber peer = 0; peer < simulation.size(); ++peer) simulation.network().be_honest(peer);
}

void Attacks::answers_of(PeerNumber liar, wire::MessageCode code,
                         std::function<Bytes(const wire::Message&)> body) {
  const auto own = simulation.peer(liar).identity().signer;
  simulation.network().tamper(liar, [=](PeerNumber, const SharedBytes& message) {
    if (code_of(message) != code) return std::vector<SharedBytes>{message};
    const auto honest = taken_apart(message);
    return std::vector<SharedBytes>{
        signed_by(*own, honest.header, code, body(honest), certificates_in(honest))};
  });
}

wire::ForwardingHeader Attacks::header_to(PeerNumber to) {
  wire::ForwardingHeader header;
  header.overlay = simulation.configuration()->overlay_hash();
  header.configuration_sequence = simulation.configuration()->sequence;
  header.transaction_id = ++last_transaction_;
  header.destination_list = {wire::to_node(simulation.peer(to).node_id())};
  return header;
}

void Attacks::send(PeerNumber from, PeerNumber to, SharedBytes message) {
  ASSERT_TRUE(simulation.network().inject(from, to, std::move(message))) << "no link";
  simulation.run_for(Duration{200});
}

std::shared_ptr<std::vector<SharedBytes>> Attacks::captured_from(PeerNumber peer, wire::MessageCode code) {
  auto captured = std::make_shared<std::vector<SharedBytes>>();
  simulation.network().tamper(peer, [captured, code](PeerNumber, const SharedBytes& message) {
    if (code_of(message) == code) captured->push_back(message);
    return std::vector<SharedBytes>{message};
  });
  return captured;
}

std::uint64_t Attacks::everywhere(std::uint64_t routing::RoutingStatus::*counter) const {
  std::uint64_t sum = 0;
  for (const PeerNumber peer : simulation.living()) sum += status(peer).*counter;
  return sum;
}

}  // namespace ringway::sim
