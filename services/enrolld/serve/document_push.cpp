#include "services/enrolld/serve/document_push.hpp"

#include <initializer_list>
#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::enrolld {
namespace {

void tell(services::EventLog& log, const PublishReport& report) {
  for (const AddressReport& address : report.addresses) {
    services::EventLog::Fields fields{{"sequence", report.sequence},
                                      {"address", link::to_text(address.address)},
                                      {"outcome", name_of(address.outcome)},
                                      {"attempts", address.attempts}};
    if (address.node != k_no_node) fields["node"] = address.node.hex();
    if (!address.reason.empty()) fields["why"] = address.reason;
    log.info("", "peer told of the document", fields);
  }
  services::EventLog::Fields fields{
      {"sequence", report.sequence}, {"peers", report.peers}, {"took_ms", report.took.count()}};
  if (!report.fault.empty()) fields["why"] = report.fault;
  if (report.peers > 0) return log.info("", "document brought to peers", fields);
  fields["advice"] = "name running peers with --push-to, or as bootstrap nodes of the document";
  log.warn("", "no peer has taken the document", fields);
}

}  // namespace

DocumentPush::DocumentPush(const services::Authority& authority, std::vector<wire::IpAddressPort> addresses,
                           services::EventLog& log)
    : addresses_(std::move(addresses)),
      publisher_({}, publisher_credentials(authority),
                 [&log](const PublishReport& report) { tell(log, report); }) {}

void DocumentPush::measure(Measures& out) const {
  const PublisherCounters counters = publisher_.counters();
  for (const Measure& one : std::initializer_list<Measure>{{"push_documents", counters.documents},
                                                           {"push_superseded", counters.superseded},
                                                           {"push_reached_nobody", counters.unpublished},
                                                           {"push_attempts", counters.attempts},
                                                           {"push_accepted", counters.accepted},
                                                           {"push_has_it", counters.has_it},
                                                           {"push_has_newer", counters.has_newer},
                                                           {"push_same_peer", counters.same_peer},
                                                           {"push_refused", counters.refused},
                                                           {"push_failed", counters.failed}})
    out.counters.push_back(one);
}

}  // namespace ringway::enrolld
