#include "sip-usage/proxy/best_response.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/settings.hpp"

namespace ringway::sip::proxy {
namespace {

bool is_challenge(const HeaderField& field) {
  return same_ignoring_case(field.name, "WWW-Authenticate") ||
         same_ignoring_case(field.name, "Proxy-Authenticate");
}

bool asks_for_credentials(unsigned status) { return status == 401 || status == 407; }

// Lower is better: 6xx, then the lowest class; in 4xx what tells the caller how to ask again comes first, and
// what only says that somebody did not answer comes last. A 503 would say that this proxy has no room.
int rank(unsigned status) {
  if (status >= 600) return 0;
  if (status < 400) return 1;
  switch (status) {
    case 401:
    case 407:
      return 2;
    case 415:
    case 420:
    case 484:
      return 3;
    case 408:
    case 430:
    case 487:
      return 5;
    case 503:
      return 7;
    default:
      return status < 500 ? 4 : 6;
  }
}

}  // namespace

std::uint64_t BestResponse::add(Message response, bool is_ours) {
  std::uint64_t too_many = 0;
  if (asks_for_credentials(response.status())) {
    for (const auto& field : response.fields) {
      if (!is_challenge(field) ||
          std::find(challenges_.begin(), challenges_.end(), field) != challenges_.end())
        continue;
      if (challenges_.size() == k_max_challenges)
        ++too_many;
      else
        challenges_.push_back(field);
    }
  }
  const auto standing = [](unsigned status, bool ours) { return 2 * rank(status) + (ours ? 1 : 0); };
  if (!best_ || standing(response.status(), is_ours) < standing(best_->status(), is_ours_)) {
    best_ = std::move(response);
    is_ours_ = is_ours;
  }
  return too_many;
}

Message BestResponse::take() {
  Message out = std::move(*best_);
  best_.reset();
  if (!asks_for_credentials(out.status())) return out;
  std::erase_if(out.fields, is_challenge);
  out.fields.insert(out.fields.end(), challenges_.begin(), challenges_.end());
  return out;
}

}  // namespace ringway::sip::proxy
