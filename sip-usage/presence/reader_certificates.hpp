// The certificates of those who may see users of this peer, as the overlay has them (RFC 6940 §8): what is
// shown to some is encrypted to these. They are asked for when something is to be written, and kept for a
// while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/security/certificate.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::presence {

enum class CertificateQuestion : std::uint64_t {};  // never used twice

// Answered by Compositor::on_certificates.
struct FindCertificates {
  CertificateQuestion question{};
  Aor aor;
};

class ReaderCertificates {
 public:
  // Asks for those of `readers` that are not known, or not any more. True when all have been answered.
  bool prepare(MonoTime now, const std::set<Aor>& readers, std::vector<FindCertificates>& out);
  // As they are stored: the oldest first; none: nothing valid is stored there.
  void answered(CertificateQuestion question, std::vector<security::CertificatePtr> certificates);
  // Nobody could say: what was known before is better than nothing.
  void failed(CertificateQuestion question);
  // When it is worth asking again; nothing: each of them has some.
  Deadline look_again_at(const std::set<Aor>& readers) const;
  // Questions without an answer end.
  void on_timer(MonoTime now);
  Deadline next_wake() const;
  // Of the others nothing is kept.
  void keep_only(const std::set<Aor>& readers);

  // The newest of `self`, then the newest of each reader, then the second ones, k_max_recipients in all;
  // each once.
  std::vector<security::CertificatePtr> of(const Aor& self, const std::set<Aor>& readers) const;

  TableSizes sizes() const {
    return {{"certificates of those who see users", known_.size(), k_max_known},
            {"questions for certificates", asked_.size(), k_max_preparing * (k_max_readers + 1)}};
  }

 private:
  static constexpr std::size_t k_max_known = registrar::k_max_accounts * (k_max_readers + 1);
  struct Known {
    std::vector<security::CertificatePtr> certificates;  // the newest first
    std::optional<CertificateQuestion> question;         // under way
    MonoTime asked_at;
    unsigned times_missing = 0;  // one after the other
  };
  static Duration life_of(const Known& known);
  bool is_stale(const Known& known, MonoTime now) const;

  std::map<Aor, Known> known_;
  std::map<CertificateQuestion, Aor> asked_;  // in the order in which they were asked
  std::uint64_t last_question_ = 0;
};

}  // namespace ringway::sip::presence
