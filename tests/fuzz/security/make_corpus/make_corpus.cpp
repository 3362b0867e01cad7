// Writes the seeds of the corpora of this folder: certificates, documents and messages as they really are.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "reload/config/base64.hpp"
#include "reload/config/configuration.hpp"
#include "reload/config/signed_block.hpp"
#include "tests/support/signed_message.hpp"
#include "tests/support/test_authority.hpp"

namespace {

using namespace ringway;
namespace fs = std::filesystem;

void write(const fs::path& file, BytesView bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text_of(bytes);
  if (!out.flush()) std::fprintf(stderr, "cannot write %s\n", file.c_str());
}
void write(const fs::path& file, const std::string& text) { write(file, view_of(text)); }

test::IssueOptions three_nodes() {
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8), test::node_id(9)};
  return options;
}

void certificates(const fs::path& folder, const test::TestAuthority& authority) {
  write(folder / "root", authority.root_der());
  write(folder / "p256", authority.issue("alice@example.org", test::node_id(7))->certificate()->der());
  write(folder / "rsa", authority.issue_rsa("bob@example.org", test::node_id(7))->certificate()->der());
  write(folder / "three_nodes",
        authority.issue("alice@example.org", test::node_id(7), three_nodes())->certificate()->der());
  write(folder / "self_signed",
        test::self_signed("alice@example.org", "overlay.example.org", security::SelfSignedDigest::sha256)
            .signer->certificate()
            ->der());
  write(folder / "uri",
        std::string("reload://0110101112131415161718191a1b1c1d1e1f@overlay.example.org/00ff"));
}

config::KindDefinition limited(config::KindDefinition kind) {
  kind.max_count = 10;
  kind.max_size_bytes = 1000;
  return kind;
}

void configurations(const fs::path& folder, const test::TestAuthority& authority) {
  const auto signer = authority.issue("configuration@overlay.example.org", test::node_id(1));
  config::Configuration values;
  values.instance_name = "overlay.example.org";
  values.sequence = 22;
  values.no_ice = true;
  values.expiration_ms = 1'900'000'000'000;
  values.root_certificates_der = {authority.root_der()};
  values.bootstrap_nodes = {{"192.0.2.1", 6084}, {"2001:db8::1", 7000}};
  values.configuration_signers = {signer->node_id()};
  values.kind_signers = {signer->node_id()};
  values.bad_nodes = {test::node_id(66)};
  values.mandatory_extensions = {std::string(config::k_access_namespace)};
  values.kinds.add(limited(*config::iana_kind(config::k_turn_service)));
  config::KindDefinition owner;
  owner.kind = config::k_owner_value;
  owner.model = wire::DataModel::dictionary;
  owner.access = config::AccessPolicy::owner_path_match;
  values.kinds.add(limited(owner));
  const auto document = config::write_document(values, *signer, *signer);
  if (!document) std::fprintf(stderr, "%s\n", document.error().reason.c_str());
  if (document) write(folder / "document", *document);

  write(folder / "self_signed",
        std::string("<overlay xmlns=\"urn:ietf:params:xml:ns:p2p:config-base\" "
                    "xmlns:chord=\"urn:ietf:params:xml:ns:p2p:config-chord\"><configuration "
                    "instance-name=\"a.example\">"
                    "<no-ice>true</no-ice><self-signed-permitted digest=\"sha1\">true</self-signed-permitted>"
                    "<chord:chord-reactive>0</chord:chord-reactive></configuration></overlay>"));
  const std::string kind =
      "<kind id=\"4026531959\"><data-model>SINGLE</data-model><access-control>USER-MATCH"
      "</access-control><max-count>5</max-count><max-size>10</max-size></kind>";
  write(folder / "kind_block", "<kind-block>" + kind + "<kind-signature>" +
                                   config::to_base64(config::sign_element(*signer, view_of(kind))) +
                                   "</kind-signature></kind-block>");
}

void messages(const fs::path& folder, const test::TestAuthority& authority) {
  const auto alice = authority.issue("alice@example.org", test::node_id(7));
  const auto bob = authority.issue("bob@example.org", test::node_id(8));
  const auto several = authority.issue("alice@example.org", test::node_id(7), three_nodes());
  const auto resource = resource_id_of("alice@example.org");
  const auto save = [&](const std::string& name, const wire::Message& message) {
    wire::Writer out;
    out.opaque(2, authority.root_der());
    out.raw(wire::encode_message(message));
    write(folder / name, out.bytes());
  };
  const Bytes ping = wire::encode(wire::PingReq{});
  save("ping", test::signed_message(*alice, wire::MessageCode::ping_req, ping));
  save("ping_of_one_of_three", test::signed_message(*several, wire::MessageCode::ping_req, ping));
  save("ping_rsa", test::signed_message(*authority.issue_rsa("carol@example.org", test::node_id(6)),
                                        wire::MessageCode::ping_req, ping));
  auto unsigned_ping = test::signed_message(*alice, wire::MessageCode::ping_req, ping);
  unsigned_ping.security.signature = {};
  save("ping_unsigned", unsigned_ping);

  const auto array =
      test::signed_value(*bob, resource, config::k_certificate_by_user, test::array_value(3, "value"));
  const auto dictionary = test::signed_value(*several, resource, config::k_sip_registration,
                                             test::dictionary_value("key", "value"));
  const std::vector<SharedBytes> others{bob->certificate()->der(), several->certificate()->der()};
  wire::StoreReq store;
  store.resource = copy_of(resource.view());
  store.kind_data.push_back({config::k_certificate_by_user, 0, {array, array}, false, {}});
  store.kind_data.push_back({config::k_sip_registration, 1, {dictionary}, false, {}});
  save("store", test::signed_message(*alice, wire::MessageCode::store_req, wire::encode(store), others));
  wire::FetchAns fetch;
  fetch.kind_responses.push_back({config::k_certificate_by_user,
                                  4,
                                  {array, wire::absent_value(wire::DataModel::array, 9, {})},
                                  false,
                                  {}});
  fetch.kind_responses.push_back({config::k_sip_registration, 1, {dictionary}, false, {}});
  save("fetch", test::signed_message(*alice, wire::MessageCode::fetch_ans, wire::encode(fetch), others));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: security_corpus <folder of the corpora>\n");
    return 1;
  }
  const fs::path folder(argv[1]);
  const test::TestAuthority authority;
  certificates(folder / "certificate", authority);
  configurations(folder / "configuration", authority);
  messages(folder / "inspector", authority);
  return 0;
}
