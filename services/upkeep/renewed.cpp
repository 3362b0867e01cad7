#include "services/upkeep/renewed.hpp"

#include <set>
#include <utility>

namespace ringway::services {
namespace {

std::set<NodeId> nodes_of(const security::Certificate& certificate) {
  return {certificate.node_ids().begin(), certificate.node_ids().end()};
}

}  // namespace

Result<EnrolledCertificate> check_renewed(const Bytes& csr_der, std::vector<SharedBytes> chain_der,
                                          const security::Certificate& present, const security::Trust& trust,
                                          WallMs now_ms) {
  auto issued = check_issued(csr_der, std::move(chain_der), trust, now_ms);
  if (!issued) return issued.error();
  const security::Certificate& renewed = *issued->certificate;
  if (nodes_of(renewed) != nodes_of(present))
    return Failure{"the server's certificate is for another Node-ID"};
  if (renewed.user_name() != present.user_name())
    return Failure{"the server's certificate is for another user"};
  if (renewed.not_after_ms() <= present.not_after_ms())
    return Failure{
        "the server's certificate does not last longer than the present one: the authority's own ends then"};
  return issued;
}

}  // namespace ringway::services
