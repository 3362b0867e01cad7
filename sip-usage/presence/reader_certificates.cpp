#include "sip-usage/presence/reader_certificates.hpp"

#include <algorithm>

namespace ringway::sip::presence {

Duration ReaderCertificates::life_of(const Known& known) {
  if (!known.certificates.empty()) return k_certificate_life;
  constexpr unsigned k_most_doublings = 8;
  const unsigned doublings =
      std::min(known.times_missing == 0 ? 0 : known.times_missing - 1, k_most_doublings);
  return std::min(k_first_no_certificate_life * (1U << doublings), k_no_certificate_life);
}

bool ReaderCertificates::is_stale(const Known& known, MonoTime now) const {
  return now - known.asked_at >= life_of(known);
}

bool ReaderCertificates::prepare(MonoTime now, const std::set<Aor>& readers,
                                 std::vector<FindCertificates>& out) {
  bool is_complete = true;
  for (const Aor& reader : readers) {
    const auto found = known_.find(reader);
    if (found != known_.end() && !found->second.question && !is_stale(found->second, now)) continue;
    is_complete = false;
    if (found != known_.end() && found->second.question) continue;
    const CertificateQuestion question{++last_question_};
    Known& known = known_[reader];
    known.question = question;
    known.asked_at = now;
    asked_.emplace(question, reader);
    out.push_back({question, reader});
  }
  return is_complete;
}

void ReaderCertificates::answered(CertificateQuestion question,
                                  std::vector<security::CertificatePtr> certificates) {
  const auto asked = asked_.find(question);
  if (asked == asked_.end()) return;
  Known& known = known_.at(asked->second);
  asked_.erase(asked);
  known.question.reset();
  std::reverse(certificates.begin(), certificates.end());
  if (certificates.size() > k_max_certificates_of_reader) certificates.resize(k_max_certificates_of_reader);
  known.certificates = std::move(certificates);
  known.times_missing = known.certificates.empty() ? known.times_missing + 1 : 0;
}

void ReaderCertificates::failed(CertificateQuestion question) {
  const auto asked = asked_.find(question);
  if (asked == asked_.end()) return;
  Known& known = known_.at(asked->second);
  known.question.reset();
  if (known.certificates.empty()) ++known.times_missing;
  asked_.erase(asked);
}

Deadline ReaderCertificates::look_again_at(const std::set<Aor>& readers) const {
  Deadline out;
  for (const Aor& reader : readers) {
    const auto known = known_.find(reader);
    if (known != known_.end() && known->second.certificates.empty())
      out = sooner(out, known->second.asked_at + life_of(known->second));
  }
  return out;
}

void ReaderCertificates::on_timer(MonoTime now) {
  while (!asked_.empty()) {
    const auto oldest = asked_.begin();
    if (now - known_.at(oldest->second).asked_at < k_certificate_time) break;
    failed(oldest->first);
  }
}

Deadline ReaderCertificates::next_wake() const {
  if (asked_.empty()) return {};
  return known_.at(asked_.begin()->second).asked_at + k_certificate_time;
}

void ReaderCertificates::keep_only(const std::set<Aor>& readers) {
  std::erase_if(known_, [&](const auto& each) { return !readers.contains(each.first); });
  std::erase_if(asked_, [&](const auto& each) { return !readers.contains(each.second); });
}

std::vector<security::CertificatePtr> ReaderCertificates::of(const Aor& self,
                                                             const std::set<Aor>& readers) const {
  std::vector<security::CertificatePtr> out;
  const auto add = [&](const Aor& reader, std::size_t rank) {
    const auto known = known_.find(reader);
    if (known == known_.end() || rank >= known->second.certificates.size()) return;
    const auto& certificate = known->second.certificates[rank];
    const auto is_same = [&](const auto& each) { return equal(each->sha256(), certificate->sha256()); };
    if (out.size() < k_max_recipients && std::none_of(out.begin(), out.end(), is_same))
      out.push_back(certificate);
  };
  for (std::size_t rank = 0; rank < k_max_certificates_of_reader; ++rank) {
    add(self, rank);
    for (const Aor& reader : readers)
      if (reader != self) add(reader, rank);
  }
  return out;
}

}  // namespace ringway::sip::presence
