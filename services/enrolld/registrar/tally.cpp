#include "services/enrolld/registrar/tally.hpp"

namespace ringway::enrolld {

const char* name_of(Event event) {
  switch (event) {
    case Event::begun:
      return "begun";
    case Event::invited:
      return "invited";
    case Event::invitation_withdrawn:
      return "invitation_withdrawn";
    case Event::revoked:
      return "revoked";
    case Event::document_published:
      return "document_published";
    case Event::bad_name:
      return "bad_name";
    case Event::bad_csr:
      return "bad_csr";
    case Event::bad_label:
      return "bad_label";
    case Event::bad_node_count:
      return "bad_node_count";
    case Event::csr_names_another:
      return "csr_names_another";
    case Event::name_reserved:
      return "name_reserved";
    case Event::method_closed:
      return "method_closed";
    case Event::no_such_enrolment:
      return "no_such_enrolment";
    case Event::enrolment_expired:
      return "enrolment_expired";
    case Event::not_proved_yet:
      return "not_proved_yet";
    case Event::bad_code:
      return "bad_code";
    case Event::bad_invitation:
      return "bad_invitation";
    case Event::open_invitation:
      return "open_invitation";
    case Event::wrong_password:
      return "wrong_password";
    case Event::certificate_not_trusted:
      return "certificate_not_trusted";
    case Event::certificate_of_another:
      return "certificate_of_another";
    case Event::verifier_refused:
      return "verifier_refused";
    case Event::wrong_telephone_code:
      return "wrong_telephone_code";
    case Event::nobody_to_revoke:
      return "nobody_to_revoke";
    case Event::no_such_invitation:
      return "no_such_invitation";
    case Event::signer_not_revoked:
      return "signer_not_revoked";
    case Event::limit_attempts_of_source:
      return "limit_attempts_of_source";
    case Event::limit_mails_of_source:
      return "limit_mails_of_source";
    case Event::limit_mails_to_name:
      return "limit_mails_to_name";
    case Event::limit_passwords_of_name:
      return "limit_passwords_of_name";
    case Event::limit_codes_by_telephone:
      return "limit_codes_by_telephone";
    case Event::limit_certificates_of_source:
      return "limit_certificates_of_source";
    case Event::limit_certificates_of_name:
      return "limit_certificates_of_name";
    case Event::limit_nodes_of_source:
      return "limit_nodes_of_source";
    case Event::limit_replacements_of_source:
      return "limit_replacements_of_source";
    case Event::limit_replacements_of_name:
      return "limit_replacements_of_name";
    case Event::limit_replacements_of_name_a_year:
      return "limit_replacements_of_name_a_year";
    case Event::too_many_pending:
      return "too_many_pending";
    case Event::mail_queue_full:
      return "mail_queue_full";
    case Event::password_busy:
      return "password_busy";
    case Event::verifier_busy:
      return "verifier_busy";
    case Event::verifier_unavailable:
      return "verifier_unavailable";
    case Event::no_room_to_replace:
      return "no_room_to_replace";
    case Event::document_too_long:
      return "document_too_long";
    case Event::document_superseded:
      return "document_superseded";
    case Event::document_changes_lost:
      return "document_changes_lost";
    case Event::trouble:
      return "trouble";
  }
  return "?";
}

std::vector<Count> Tally::all() const {
  std::vector<Count> out;
  for (std::size_t i = 0; i < verdicts_.size(); ++i)
    out.push_back({name_of(static_cast<Verdict>(i)), verdicts_[i].load()});
  for (std::size_t i = 0; i < events_.size(); ++i)
    out.push_back({name_of(static_cast<Event>(i)), events_[i].load()});
  return out;
}

}  // namespace ringway::enrolld
