// How often each thing happened: what was refused and why, and what was done. For metrics; a name never
// changes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "services/enrolld/records/record_types.hpp"

namespace ringway::enrolld {

// What the Registrar counts besides the Verdicts of the records.
enum class Event {
  begun,  // an enrolment waits for its proof
  invited,
  invitation_withdrawn,
  revoked,
  document_published,
  // Refusals.
  bad_name,
  bad_csr,
  bad_label,
  bad_node_count,
  csr_names_another,  // it asks for a name, and not for the claimant's
  name_reserved,
  method_closed,  // the overlay does not offer it
  no_such_enrolment,
  enrolment_expired,
  not_proved_yet,
  bad_code,  // none that could be right
  bad_invitation,
  open_invitation,  // is for anybody, and the name is to be proved, or an operator's
  wrong_password,
  certificate_not_trusted,
  certificate_of_another,  // its name is not the one asked for
  verifier_refused,
  wrong_telephone_code,
  nobody_to_revoke,
  no_such_invitation,
  signer_not_revoked,  // it signs the configuration document
  // Limits.
  limit_attempts_of_source,
  limit_mails_of_source,
  limit_mails_to_name,
  limit_passwords_of_name,
  limit_codes_by_telephone,
  limit_certificates_of_source,
  limit_certificates_of_name,
  limit_nodes_of_source,
  limit_replacements_of_source,
  limit_replacements_of_name,
  limit_replacements_of_name_a_year,
  // For now: somebody else's trouble.
  too_many_pending,
  mail_queue_full,
  password_busy,
  verifier_busy,
  verifier_unavailable,
  no_room_to_replace,     // the document is too long for more replaced devices
  document_too_long,      // one was not published, since it does not fit into a message
  document_superseded,    // one of the folder that was neither published nor newer than the newest
  document_changes_lost,  // such a one said other things, too, which were not taken over
  trouble,                // the database, the signer, a library
};

struct Count {
  const char* name;
  std::uint64_t count;
};

class Tally {
 public:
  void count(Event event) { ++events_[static_cast<std::size_t>(event)]; }
  void count(Verdict verdict) { ++verdicts_[static_cast<std::size_t>(verdict)]; }
  std::uint64_t of(Event event) const { return events_[static_cast<std::size_t>(event)]; }
  std::uint64_t of(Verdict verdict) const { return verdicts_[static_cast<std::size_t>(verdict)]; }
  std::vector<Count> all() const;

 private:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Event::trouble) + 1> events_{};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Verdict::node_id_taken) + 1> verdicts_{};
};
// "limit_mails_to_name".
const char* name_of(Event event);

}  // namespace ringway::enrolld
