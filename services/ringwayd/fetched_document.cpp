#include "services/ringwayd/fetched_document.hpp"

#include "services/enroll_client/configuration.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/ringwayd/credentials.hpp"

namespace ringway::services {

Result<FetchedDocument> fetch_newer_document(const EnrollmentServer& server, const config::Configuration& old,
                                             const std::string& file, WallMs now_ms) {
  HttpsSettings https;
  https.ca_file = server.ca_file;
  const auto fetched =
      fetch_configuration(https, {}, configuration_source(server, old.instance_name), now_ms);
  if (!fetched) return fetched.error();
  const config::Configuration& document = **fetched;
  if (!config::sequence_newer(document.sequence, old.sequence))
    return Failure{server.configuration_url + ": number " + std::to_string(document.sequence) +
                   " is not newer than number " + std::to_string(old.sequence)};
  if (const auto good = check_document(document, now_ms); !good)
    return Failure{server.configuration_url + ": " + good.error().reason};
  FetchedDocument out{*fetched, ""};
  const auto written =
      enrolld::write_file(file, std::string(text_of(document.document)), enrolld::Access::everyone);
  if (!written) out.not_kept = "the fetched document is not kept: " + written.error().reason;
  return out;
}

}  // namespace ringway::services
