#include "reload/data/certificate_usage.hpp"

#include <algorithm>
#include <limits>

#include "reload/data/access_control.hpp"
#include "reload/data/call_failures.hpp"
#include "reload/security/trust.hpp"

namespace ringway::data {

namespace {

using wire::ErrorCode;
using wire::MessageCode;

constexpr Duration k_after_joining{2'000};
constexpr Duration k_between_looks{3'600'000};
constexpr Duration k_first_retry{2'000};
constexpr Duration k_longest_retry{60'000};

KindAt place_of(const CertificatesOf& of) {
  if (const auto* node = std::get_if<NodeId>(&of))
    return {resource_id_of(node->view()), config::k_certificate_by_node};
  return {resource_id_of(std::string_view(std::get<std::string>(of))), config::k_certificate_by_user};
}

bool names(const security::Certificate& certificate, const CertificatesOf& of) {
  if (const auto* node = std::get_if<NodeId>(&of)) return certificate.has_node_id(*node);
  return certificate.user_name() == std::get<std::string>(of);
}

// The values of the one Kind that was asked for, if the answer can be used.
const wire::FetchKindResponse* response_of(const security::InspectedMessage& message, KindId kind) {
  if (!message.fetch || !message.body_fault.empty() || message.fetch->kind_responses.size() != 1)
    return nullptr;
  const auto& response = message.fetch->kind_responses.front();
  const bool good = response.kind == kind && message.verdicts.size() == 1 &&
                    message.verdicts.front().size() == response.values.size();
  return good ? &response : nullptr;
}

// As long as the certificate: an old one is to stay until it ends (RFC 6940 §8).
std::uint32_t lifetime_of(const security::Certificate& certificate, WallMs now_ms) {
  const WallMs left_s =
      certificate.not_after_ms() > now_ms ? (certificate.not_after_ms() - now_ms) / 1000 : 0;
  return static_cast<std::uint32_t>(std::clamp<WallMs>(left_s, 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

CertificateUsage::CertificateUsage(PeerData& data) : data_(data) { changed({}); }

void CertificateUsage::changed(const Now& now) {
  const auto& certificate = *data_.signer->certificate();
  const std::vector<CertificatesOf> mine{data_.signer->node_id(), certificate.user_name()};
  places_.resize(mine.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    Place& place = places_[i];
    place.at = place_of(mine[i]);
    // Only where the overlay has the Kind; a request under way ends in its own time.
    const bool wanted = data_.view->joined && data_.configuration->kinds.find(place.at.kind) != nullptr;
    if (!wanted) {
      place.due.reset();
    } else if (place.request == 0 && !place.due) {
      place.due = now.mono + k_after_joining;
    }
  }
}

void CertificateUsage::signer_changed(const Now& now) {
  for (Place& place : places_) {
    place.request = 0;  // its answer is about the old one
    place.attempts = 0;
    place.due.reset();
  }
  changed(now);
}

routing::SendRequest CertificateUsage::request(const KindAt& at, MessageCode code, Bytes body) {
  routing::SendRequest out;
  out.origin = routing::Origin::storage;
  out.token = ++last_request_;
  out.destination = {wire::to_resource(at.resource)};
  out.code = code;
  out.body = SharedBytes{std::move(body)};
  return out;
}

routing::SendRequest CertificateUsage::fetch(const KindAt& at) {
  wire::StoredDataSpecifier specifier;
  specifier.kind = at.kind;
  specifier.model = wire::DataModel::array;
  specifier.indices.push_back({0, wire::k_array_end});
  wire::FetchReq body;
  body.resource = copy_of(at.resource.view());
  body.specifiers.push_back(std::move(specifier));
  auto out = request(at, MessageCode::fetch_req, wire::encode(body));
  out.fetch_resource = at.resource;
  return out;
}

// ---- our own
// -----------------------------------------------------------------------------------------------

void CertificateUsage::on_timer(const Now& now, StorageOutputs& out) {
  for (Place& place : places_)
    if (place.due && *place.due <= now.mono) look_after(now, place, out);
}

std::optional<MonoTime> CertificateUsage::next_deadline() const {
  std::optional<MonoTime> next;
  for (const Place& place : places_)
    if (place.due && (!next || *place.due < *next)) next = place.due;
  return next;
}

// What is there decides: nothing of ours, then it goes to the end of the list; else its own place is kept.
void CertificateUsage::look_after(const Now&, Place& place, StorageOutputs& out) {
  place.due.reset();
  place.storing = false;
  auto ask = fetch(place.at);
  place.request = ask.token;
  out.emplace_back(std::move(ask));
}

bool CertificateUsage::request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out) {
  if (done.token < k_first_certificate_request) return false;
  if (const auto search = searches_.extract(done.token)) {
    found(now, search.mapped(), done, out);
    return true;
  }
  const auto place = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& one) { return one.request == done.token; });
  if (place == places_.end()) return true;
  place->request = 0;
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    try_again(now, *place, failure->code);
  } else if (place->storing) {
    ++data_.statistics.certificates_stored;
    place->attempts = 0;
    place->due = now.mono + k_between_looks;
  } else {
    compare(now, *place, *std::get<0>(done.outcome), out);
  }
  return true;
}

void CertificateUsage::try_again(const Now& now, Place& place, ErrorCode code) {
  const bool useless = code == ErrorCode::forbidden || code == ErrorCode::data_too_large ||
                       code == ErrorCode::message_too_large || code == ErrorCode::response_too_large;
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(place.attempts, 8U)));
  ++place.attempts;
  place.due = now.mono + (useless ? k_between_looks : delay);
}

void CertificateUsage::compare(const Now& now, Place& place, const security::InspectedMessage& message,
                               StorageOutputs& out) {
  const auto* response = response_of(message, place.at.kind);
  if (response == nullptr) return try_again(now, place, ErrorCode::invalid_message);
  const auto& own = *data_.signer->certificate();
  const std::uint32_t wanted_s = lifetime_of(own, now.wall_ms);
  for (std::size_t i = 0; i < response->values.size(); ++i) {
    const auto& value = response->values[i];
    const auto& verdict = message.verdicts.front()[i];
    if (wire::is_absent(value) || verdict.signer == nullptr) continue;
    if (verdict.signer_node != data_.signer->node_id() || !equal(value.value.data.value, own.der())) continue;
    // Stored before: only what is about to end is stored again, at its own index (CERT-05).
    const bool settled = value.value.data.exists && value.lifetime_s >= wanted_s / 2;
    if (!settled) return store(now, place, value.value.index, value.storage_time_ms, out);
    place.attempts = 0;
    place.due = now.mono + k_between_looks;
    return;
  }
  store(now, place, wire::k_array_end, 0, out);
}

void CertificateUsage::store(const Now& now, Place& place, std::uint32_t index, std::uint64_t previous_ms,
                             StorageOutputs& out) {
  const auto& own = *data_.signer->certificate();
  wire::StoredData value;
  value.storage_time_ms = std::max<std::uint64_t>(now.wall_ms, previous_ms + 1);
  value.lifetime_s = lifetime_of(own, now.wall_ms);
  value.value.model = wire::DataModel::array;
  value.value.index = index;
  value.value.data = {true, own.der()};
  value.value_wire = SharedBytes{wire::encode(value.value)};
  value.signature = data_.signer->sign(security::value_signature_input(
      place.at.resource, place.at.kind, value.storage_time_ms, wire::DataModel::array, value.value_wire));
  wire::StoreReq body;
  body.resource = copy_of(place.at.resource.view());
  wire::StoreKindData kind;
  kind.kind = place.at.kind;
  kind.values.push_back(std::move(value));
  body.kind_data.push_back(std::move(kind));
  auto ask = request(place.at, MessageCode::store_req, wire::encode(body));
  place.request = ask.token;
  place.storing = true;
  out.emplace_back(std::move(ask));
}

// ---- of others
// ---------------------------------------------------------------------------------------------

void CertificateUsage::find(const FindCertificates& what, StorageOutputs& out) {
  const KindAt at = place_of(what.of);
  std::optional<CallFailure> failure;
  if (!data_.view->joined) {
    failure = {CallError::unavailable, "this peer is not in the ring yet: try again when it has joined", 0};
  } else if (data_.configuration->kinds.find(at.kind) == nullptr) {
    failure = {CallError::failed_precondition,
               "this overlay keeps no certificates: its document lacks the Kind", 0};
  } else if (searches_.size() >= data_.settings.max_pending_calls) {
    failure = {CallError::resource_exhausted, "too many calls are under way here: try again later", 0};
  }
  if (failure) {
    out.emplace_back(CertificatesFound{what.token, {}, std::move(failure)});
    return;
  }
  auto ask = fetch(at);
  searches_[ask.token] = {what.token, what.of, at};
  out.emplace_back(std::move(ask));
}

void CertificateUsage::found(const Now& now, const Search& search, const routing::RequestDone& done,
                             StorageOutputs& out) const {
  CertificatesFound result{search.token, {}, std::nullopt};
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    result.failure = failure_of({failure->code, failure->info, 0}, failure->local);
  } else {
    result.certificates = good_ones(now, search, *std::get<0>(done.outcome));
    if (result.certificates.empty())
      result.failure = CallFailure{CallError::not_found, "no valid certificate is stored there", 0};
  }
  out.emplace_back(std::move(result));
}

// Signed by who may write there, of whom was asked for, and trusted by itself.
std::vector<security::CertificatePtr> CertificateUsage::good_ones(
    const Now& now, const Search& search, const security::InspectedMessage& message) const {
  std::vector<security::CertificatePtr> good;
  const auto* response = response_of(message, search.at.kind);
  const auto* kind = data_.configuration->kinds.find(search.at.kind);
  const auto trust = security::Trust::make(data_.configuration->trust_settings());
  if (response == nullptr || kind == nullptr || !trust) return good;
  std::vector<SharedBytes> others;
  for (const auto& certificate : message.message.security.certificates) others.push_back(certificate.der);
  for (std::size_t i = 0; i < response->values.size(); ++i) {
    const auto& value = response->values[i];
    const auto& verdict = message.verdicts.front()[i];
    if (wire::is_absent(value) || !value.value.data.exists || verdict.signer == nullptr) continue;
    if (!check_writer(*kind, search.at.resource, {verdict.signer->user_name(), verdict.signer_node},
                      value.value))
      continue;
    auto certificate = security::Certificate::parse(value.value.data.value);
    if (!certificate || !names(**certificate, search.of)) continue;
    if (!(*trust)->check(**certificate, others, now.wall_ms)) continue;
    good.push_back(std::move(*certificate));
  }
  return good;
}

}  // namespace ringway::data
