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

CertificateUsage::CertificateUsage(PeerData& data) : data_(data) { signers_changed({}); }

void CertificateUsage::changed(const Now& now) {
  const auto& kinds = data_.configuration->kinds;
  const bool by_node = data_.view->joined && kinds.find(config::k_certificate_by_node) != nullptr;
  const bool by_user = data_.view->joined && kinds.find(config::k_certificate_by_user) != nullptr;
  for (Place& place : places_) {
    // Only where the overlay has the Kind; a request under way ends in its own time.
    if (!(place.at.kind == config::k_certificate_by_node ? by_node : by_user)) {
      plan(place, std::nullopt);
    } else if (place.request == 0 && !place.due) {
      plan(place, now.mono + k_after_joining);
    }
  }
}

void CertificateUsage::signers_changed(const Now& now) {
  std::map<KindAt, Place> before;
  for (Place& place : places_) before.emplace(place.at, std::move(place));
  places_.clear();
  due_.clear();
  under_way_.clear();
  add_places(data_.signer, before);
  if (data_.settings.keeps_users_certificates)
    for (const SignerPtr& user : data_.users->all()) add_places(user, before);
  changed(now);
}

// What is known of a place stays as long as the certificate is the same; the answer to a request about an old
// one is not waited for.
void CertificateUsage::add_places(const SignerPtr& signer, std::map<KindAt, Place>& before) {
  const auto& certificate = *signer->certificate();
  for (const CertificatesOf& of :
       {CertificatesOf{signer->node_id()}, CertificatesOf{certificate.user_name()}}) {
    Place place;
    place.at = place_of(of);
    const auto known = before.find(place.at);
    if (known != before.end() && equal(known->second.signer->certificate()->der(), certificate.der()))
      place = std::move(known->second);
    place.index = places_.size();
    place.signer = signer;
    if (place.request != 0) under_way_[place.request] = place.index;
    if (place.due) due_.insert({*place.due, place.index});
    places_.push_back(std::move(place));
  }
}

void CertificateUsage::plan(Place& place, std::optional<MonoTime> due) {
  if (place.due) due_.erase({*place.due, place.index});
  place.due = due;
  if (due) due_.insert({*due, place.index});
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

// ---- our own, and of those whom we write as
// -----------------------------------------------------------------------------------------------

void CertificateUsage::on_timer(const Now& now, StorageOutputs& out) {
  while (!due_.empty() && due_.begin()->first <= now.mono && under_way_.size() < k_most_certificates_at_once)
    look_after(now, places_[due_.begin()->second], out);
}

std::optional<MonoTime> CertificateUsage::next_deadline() const {
  if (due_.empty() || under_way_.size() >= k_most_certificates_at_once) return std::nullopt;
  return due_.begin()->first;
}

void CertificateUsage::ask(Place& place, routing::SendRequest request, bool storing, StorageOutputs& out) {
  place.request = request.token;
  place.storing = storing;
  under_way_[request.token] = place.index;
  out.emplace_back(std::move(request));
}

// What is there decides: nothing of ours, then it goes to the end of the list; else its own place is kept.
// Nobody would take what a revoked or ended certificate signs.
void CertificateUsage::look_after(const Now& now, Place& place, StorageOutputs& out) {
  const auto& certificate = *place.signer->certificate();
  if (certificate.not_after_ms() <= now.wall_ms || data_.configuration->is_revoked(certificate))
    return plan(place, now.mono + k_between_looks);
  plan(place, std::nullopt);
  ask(place, fetch(place.at), false, out);
}

bool CertificateUsage::request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out) {
  if (done.token < k_first_certificate_request) return false;
  if (const auto search = searches_.extract(done.token)) {
    found(now, search.mapped(), done, out);
    return true;
  }
  const auto ended = under_way_.extract(done.token);
  if (!ended) return true;
  Place& place = places_[ended.mapped()];
  place.request = 0;
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    try_again(now, place, failure->code);
  } else if (place.storing) {
    ++data_.statistics.certificates_stored;
    place.attempts = 0;
    plan(place, now.mono + k_between_looks);
  } else {
    compare(now, place, *std::get<0>(done.outcome), out);
  }
  return true;
}

void CertificateUsage::try_again(const Now& now, Place& place, ErrorCode code) {
  const bool useless = code == ErrorCode::forbidden || code == ErrorCode::data_too_large ||
                       code == ErrorCode::message_too_large || code == ErrorCode::response_too_large;
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(place.attempts, 8U)));
  ++place.attempts;
  plan(place, now.mono + (useless ? k_between_looks : delay));
}

void CertificateUsage::compare(const Now& now, Place& place, const security::InspectedMessage& message,
                               StorageOutputs& out) {
  const auto* response = response_of(message, place.at.kind);
  if (response == nullptr) return try_again(now, place, ErrorCode::invalid_message);
  const auto& own = *place.signer->certificate();
  const std::uint32_t wanted_s = lifetime_of(own, now.wall_ms);
  for (std::size_t i = 0; i < response->values.size(); ++i) {
    const auto& value = response->values[i];
    const auto& verdict = message.verdicts.front()[i];
    if (wire::is_absent(value) || verdict.signer == nullptr) continue;
    if (verdict.signer_node != place.signer->node_id() || !equal(value.value.data.value, own.der())) continue;
    // Stored before: only what is about to end is stored again, at its own index (CERT-05).
    const bool settled = value.value.data.exists && value.lifetime_s >= wanted_s / 2;
    if (!settled) return store(now, place, value.value.index, value.storage_time_ms, out);
    place.attempts = 0;
    return plan(place, now.mono + k_between_looks);
  }
  store(now, place, wire::k_array_end, 0, out);
}

void CertificateUsage::store(const Now& now, Place& place, std::uint32_t index, std::uint64_t previous_ms,
                             StorageOutputs& out) {
  const auto& own = *place.signer->certificate();
  wire::StoredData value;
  value.storage_time_ms = std::max<std::uint64_t>(now.wall_ms, previous_ms + 1);
  value.lifetime_s = lifetime_of(own, now.wall_ms);
  value.value.model = wire::DataModel::array;
  value.value.index = index;
  value.value.data = {true, own.der()};
  value.value_wire = SharedBytes{wire::encode(value.value)};
  value.signature = place.signer->sign(security::value_signature_input(
      place.at.resource, place.at.kind, value.storage_time_ms, wire::DataModel::array, value.value_wire));
  wire::StoreReq body;
  body.resource = copy_of(place.at.resource.view());
  wire::StoreKindData kind;
  kind.kind = place.at.kind;
  kind.values.push_back(std::move(value));
  body.kind_data.push_back(std::move(kind));
  auto message = request(place.at, MessageCode::store_req, wire::encode(body));
  // Whoever sends a Store must be allowed to, like whoever has signed the value (RFC 6940 §7.4.1.1).
  if (place.signer != data_.signer) message.signer = place.signer;
  ask(place, std::move(message), true, out);
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
  auto message = fetch(at);
  searches_[message.token] = {what.token, what.of, at};
  out.emplace_back(std::move(message));
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
    auto certificate = security::read_certificate(data_.configuration->scheme, value.value.data.value);
    if (!certificate || !names(**certificate, search.of)) continue;
    if (!(*trust)->check(**certificate, others, now.wall_ms)) continue;
    good.push_back(std::move(*certificate));
  }
  return good;
}

}  // namespace ringway::data
