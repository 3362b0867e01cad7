#include "net/dns/answer.hpp"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace ringway::net::dns {
namespace {

namespace ip = boost::asio::ip;

// What RFC 2308 §3 has of a SOA record behind its two names: five numbers, MINIMUM the last.
constexpr std::size_t k_soa_numbers_bytes = 20;
constexpr std::uint32_t k_max_ttl_s = std::numeric_limits<std::int32_t>::max();

int size_of(BytesView message) { return static_cast<int>(message.size()); }

// Calls `use` with each record of a section, as far as it can be read.
template <typename Use>
void each_record(BytesView message, ns_sect section, Use use) {
  ns_msg parsed{};
  if (ns_initparse(message.data(), size_of(message), &parsed) != 0) return;
  ns_rr record{};
  for (int i = 0; i < ns_msg_count(parsed, section); ++i) {
    if (ns_parserr(&parsed, section, i, &record) != 0) return;
    use(record);
  }
}

// RFC 2181 §8: with the first bit set it is zero.
Duration ttl_of(std::uint32_t ttl_s) { return std::chrono::seconds(ttl_s > k_max_ttl_s ? 0 : ttl_s); }

// c-ares 1.18 does not tell it of SRV and NAPTR records; the shortest counts, aliases on the way included.
std::optional<Duration> lifetime_of_records(BytesView message) {
  std::optional<Duration> shortest;
  each_record(message, ns_s_an, [&](const ns_rr& record) {
    const auto ttl = ttl_of(ns_rr_ttl(record));
    shortest = shortest ? std::min(*shortest, ttl) : ttl;
  });
  return shortest;
}

// RFC 2308 §5: as the zone's SOA record says; without one it is not kept. An alias may have led there.
Duration lifetime_of_nothing(BytesView message) {
  Duration lifetime{0};
  each_record(message, ns_s_ns, [&](const ns_rr& record) {
    const std::size_t size_bytes = ns_rr_rdlen(record);
    if (ns_rr_type(record) != ns_t_soa || size_bytes < k_soa_numbers_bytes + 2) return;
    const auto minimum = static_cast<std::uint32_t>(ns_get32(ns_rr_rdata(record) + size_bytes - 4));
    lifetime = std::min(ttl_of(ns_rr_ttl(record)), ttl_of(minimum));
  });
  return std::min(lifetime, lifetime_of_records(message).value_or(lifetime));
}

struct FreeReply {
  void operator()(void* reply) const { ares_free_data(reply); }
};

std::string text_of(const unsigned char* text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}
std::string name_of(const char* name) {
  std::string out = name == nullptr ? std::string() : std::string(name);
  if (!out.empty() && out.back() == '.') out.pop_back();
  return out;
}

int read_v4(BytesView message, Addresses& out) {
  std::array<ares_addrttl, k_max_records> found{};
  int count = static_cast<int>(found.size());
  const int status = ares_parse_a_reply(message.data(), size_of(message), nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    ip::address_v4::bytes_type bytes{};
    std::memcpy(bytes.data(), &found.at(static_cast<std::size_t>(i)).ipaddr, bytes.size());
    out.push_back(ip::address_v4(bytes).to_string());
  }
  return status;
}

int read_v6(BytesView message, Addresses& out) {
  std::array<ares_addr6ttl, k_max_records> found{};
  int count = static_cast<int>(found.size());
  const int status = ares_parse_aaaa_reply(message.data(), size_of(message), nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &found.at(static_cast<std::size_t>(i)).ip6addr, bytes.size());
    out.push_back(ip::address_v6(bytes).to_string());
  }
  return status;
}

int read_srv(BytesView message, std::vector<Srv>& out) {
  ares_srv_reply* first = nullptr;
  const int status = ares_parse_srv_reply(message.data(), size_of(message), &first);
  const std::unique_ptr<ares_srv_reply, FreeReply> owned(first);
  for (const auto* one = first; one != nullptr && out.size() < k_max_records; one = one->next)
    out.push_back({one->priority, one->weight, one->port, name_of(one->host)});
  return status;
}

int read_naptr(BytesView message, std::vector<Naptr>& out) {
  ares_naptr_reply* first = nullptr;
  const int status = ares_parse_naptr_reply(message.data(), size_of(message), &first);
  const std::unique_ptr<ares_naptr_reply, FreeReply> owned(first);
  for (const auto* one = first; one != nullptr && out.size() < k_max_records; one = one->next)
    out.push_back({one->order, one->preference, text_of(one->flags), text_of(one->service),
                   text_of(one->regexp), name_of(one->replacement)});
  return status;
}

Records none_of(RecordType type) {
  if (type == RecordType::srv) return std::vector<Srv>();
  if (type == RecordType::naptr) return std::vector<Naptr>();
  return Addresses();
}

bool is_empty(const Records& records) {
  return std::visit([](const auto& list) { return list.empty(); }, records);
}

int read_records(RecordType type, BytesView message, Records& out) {
  switch (type) {
    case RecordType::a:
      return read_v4(message, std::get<Addresses>(out));
    case RecordType::aaaa:
      return read_v6(message, std::get<Addresses>(out));
    case RecordType::srv:
      return read_srv(message, std::get<std::vector<Srv>>(out));
    case RecordType::naptr:
      break;
  }
  return read_naptr(message, std::get<std::vector<Naptr>>(out));
}

Problem problem_of(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return Problem::no_answer;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
      return Problem::bad_name;
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
    case ARES_EREFUSED:
    case ARES_ECONNREFUSED:
    case ARES_EOF:
      return Problem::refused;
    default:
      break;
  }
  return Problem::bad_answer;
}

}  // namespace

Lasting read_answer(RecordType type, int status, BytesView message, const Settings& settings) {
  Records records = none_of(type);
  if (status == ARES_SUCCESS) status = read_records(type, message, records);
  const bool is_none =
      status == ARES_ENOTFOUND || status == ARES_ENODATA || (status == ARES_SUCCESS && is_empty(records));
  if (is_none) return {none_of(type), std::min(lifetime_of_nothing(message), settings.max_lifetime_of_none)};
  if (status == ARES_SUCCESS) {
    const auto lifetime = lifetime_of_records(message).value_or(Duration{0});
    return {std::move(records), std::min(lifetime, settings.max_lifetime)};
  }
  const auto problem = problem_of(status);
  return {QueryFailure{problem, ares_strerror(status)},
          problem == Problem::bad_name ? Duration{0} : settings.lifetime_of_failure};
}

}  // namespace ringway::net::dns
