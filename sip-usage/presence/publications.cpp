#include "sip-usage/presence/publications.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/presence/pidf.hpp"

namespace ringway::sip::presence {
namespace {

// Content-Type without its parameters.
bool is_document(const Message& request) {
  const std::string* type = request.field("Content-Type");
  return type != nullptr &&
         same_ignoring_case(trimmed(std::string_view(*type).substr(0, type->find(';'))), k_document_type);
}

std::optional<Rejection> refuse_body(const Aor& user, const Message& request) {
  if (!is_document(request) || request.field("Content-Encoding") != nullptr) return Rejection{415, {}};
  if (request.body.size() > k_max_document_bytes) return Rejection{413, {}};
  if (const auto good = check_document(request.body); !good) return Rejection{400, good.error().reason};
  if (!fits(user, request.body)) return Rejection{413, {}};
  return std::nullopt;
}

// 64 bits: none comes twice while anybody remembers the first (RFC 3903 §6 step 6).
std::string new_etag(Random& random) {
  Bytes bits;
  const std::uint64_t drawn = random.next();
  for (unsigned shift = 0; shift < 64; shift += 8) bits.push_back(static_cast<std::uint8_t>(drawn >> shift));
  return to_hex(bits);
}

}  // namespace

Result<Publications::List::iterator, Rejection> Publications::find(const Message& request) {
  const auto tags = request.values("SIP-If-Match");
  if (tags.empty()) {
    if (request.field("SIP-If-Match") != nullptr) return Rejection{400, "No entity-tag in SIP-If-Match"};
    return list_.end();
  }
  if (tags.size() > 1 || !is_token(tags.front())) return Rejection{400, "More than one entity-tag"};
  const auto found = std::find_if(list_.begin(), list_.end(),
                                  [&](const Publication& each) { return each.etag == tags.front(); });
  if (found == list_.end()) return Rejection{412, {}};
  return found;
}

Result<Published, Rejection> Publications::publish(MonoTime now, const Aor& user, const Message& request,
                                                   const Settings& settings, Random& random) {
  on_timer(now);
  const auto found = find(request);
  if (!found) return found.error();
  const bool is_new = *found == list_.end();
  const std::uint32_t asked_s = request.expires_s().value_or(settings.default_expires_s);
  if (asked_s != 0 && asked_s < settings.min_expires_s) return Rejection{423, {}, settings.min_expires_s};
  if (request.body.empty() && is_new) return Rejection{400, "A first PUBLISH without a document"};
  if (!request.body.empty() && asked_s != 0)
    if (auto refusal = refuse_body(user, request)) return *refusal;
  if (asked_s != 0 && is_new && list_.size() == k_max_publications_of_user)
    return Rejection{403, "Too many publications of this user"};
  const Published out{new_etag(random), std::min(asked_s, settings.max_expires_s)};
  Publication publication{out.etag, request.body, now + std::chrono::seconds(out.expires_s)};
  if (asked_s == 0) {
    if (!is_new) list_.erase(*found);
  } else if (!is_new && request.body.empty()) {
    publication.document = std::move((*found)->document);
    **found = std::move(publication);
  } else {
    if (!is_new) list_.erase(*found);
    list_.push_back(std::move(publication));
  }
  return out;
}

bool Publications::on_timer(MonoTime now) {
  return std::erase_if(list_, [&](const Publication& each) { return each.expires_at <= now; }) != 0;
}

Deadline Publications::next_wake() const {
  Deadline out;
  for (const Publication& each : list_) out = sooner(out, Deadline(each.expires_at));
  return out;
}

std::vector<std::string_view> Publications::documents() const {
  std::vector<std::string_view> out;
  for (auto each = list_.rbegin(); each != list_.rend(); ++each) out.emplace_back(each->document);
  return out;
}

}  // namespace ringway::sip::presence
