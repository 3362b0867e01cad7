#include "tests/services/enroll_client/support/fake_enrollment.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <utility>

#include "reload/config/configuration.hpp"
#include "services/enrolld/authority/signing_request.hpp"
#include "services/enrolld/http/enrolment.hpp"

namespace ringway::services {

namespace {

namespace http = ringway::enrolld_http;

constexpr const char* k_enrolment = "00000000000000000000000000000001";

}  // namespace

FakeEnrollment::FakeEnrollment(const test::TestAuthority& authority, const std::string& socket_path)
    : overlay_name(authority.overlay_name()),
      certified_by(&authority),
      authority_(authority),
      own_(http::self_signed("localhost")) {
  serve_grpc(socket_path);
  serve_https();
  body = document(3, authority);
  offer = R"({"overlay": ")" + overlay_name +
          R"(", "proofs": ["mail", "invitation", "password"], "grpc": ")" + grpc() + R"("})";
}

FakeEnrollment::~FakeEnrollment() {
  https_.reset();
  grpc_->Shutdown(std::chrono::system_clock::now());
}

std::string FakeEnrollment::url() const {
  return "https://localhost:" + std::to_string(https_->address().port);
}
std::string FakeEnrollment::grpc() const { return "localhost:" + std::to_string(grpc_port_); }

std::string FakeEnrollment::document(std::uint16_t sequence, const test::TestAuthority& signed_by) const {
  const auto signer = signed_by.issue("operator@example.org", test::node_id(9));
  config::Configuration configuration;
  configuration.instance_name = authority_.overlay_name();
  configuration.sequence = sequence;
  configuration.expiration_ms = test::k_not_after_ms;
  configuration.root_certificates_der = {authority_.root_der()};
  configuration.enrollment_servers = {url() + "/enroll"};
  configuration.bootstrap_nodes = {{"127.0.0.1", bootstrap_port}};
  configuration.no_ice = true;
  configuration.configuration_signers = {test::node_id(9)};
  configuration.kind_signers = {test::node_id(9)};
  const auto written = config::write_document(configuration, *signer, *signer);
  if (!written) ADD_FAILURE() << written.error().reason;
  return std::string(text_of(*written));
}

void FakeEnrollment::serve_https() {
  http::Router router;
  router.add(http::Method::get, "/.well-known/reload-config",
             [this](const http::Request&, const http::Responder& responder) {
               const std::lock_guard lock(mutex_);
               responder({200, "application/p2p-overlay+xml", body, {}});
             });
  router.add(http::Method::get, "/.well-known/ringway-enrollment",
             [this](const http::Request&, const http::Responder& responder) {
               const std::lock_guard lock(mutex_);
               responder(offer.empty() ? http::text_response(404, "nothing\n")
                                       : http::Response{200, "application/json", offer, {}});
             });
  router.add(http::Method::post, "/enroll",
             [this](const http::Request& request, const http::Responder& responder) {
               const std::lock_guard lock(mutex_);
               const auto read = http::read_enrolment(request);
               if (const auto* const refused = std::get_if<http::Response>(&read)) return responder(*refused);
               const auto& asked = std::get<http::EnrolRequest>(read);
               posted_name = asked.user_name.value_or("");
               posted_password = asked.password.value_or("");
               if (posted_password != k_good_secret)
                 return responder(http::refuse_enrolment(http::EnrolRefusal::failed_authentication));
               responder(http::answer_enrolment(asked, {certificate_for(posted_name, asked.csr_der)}));
             });
  https_ = http::Server::start(http::local_settings(own_), router).value();
}

void FakeEnrollment::serve_grpc(const std::string& socket_path) {
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({own_.key_pem, own_.certificate_pem});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &grpc_port_);
  if (!socket_path.empty())
    builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  grpc_ = builder.BuildAndStart();
}

SharedBytes FakeEnrollment::certificate_for(const std::string& user, const Bytes& csr_der) {
  const auto read = enrolld::read_signing_request(csr_der);
  if (!read) {
    ADD_FAILURE() << read.error().reason;
    return {};
  }
  const auto next = test::node_id(static_cast<std::uint8_t>(0x10 + nodes_.size()));
  const NodeId node = nodes_.emplace(read->public_key_sha256, next).first->second;
  CertificateFields fields;
  fields.alternative_names = {
      {AlternativeName::Type::uri, security::reload_uri(node, authority_.overlay_name())},
      {AlternativeName::Type::email, certified_name.empty() ? user : certified_name}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = certified_until_ms;
  return test::custom_certificate(fields, certify_another_key ? test::new_key() : read->public_key,
                                  certified_by->authority().root(), certified_by->root_key())
      .der;
}

void FakeEnrollment::hand_out(v1::Certificate& message, const v1::BeginRequest& asked) {
  const auto der = certificate_for(asked.user(), copy_of(view_of(asked.csr())));
  message.add_chain(std::string(text_of(der)));
  message.set_configuration(handed_out_document);
}

grpc::Status FakeEnrollment::Describe(grpc::ServerContext*, const v1::DescribeRequest*,
                                      v1::DescribeResponse* response) {
  const std::lock_guard lock(mutex_);
  response->set_overlay(overlay_name);
  response->add_proofs(v1::PROOF_MAIL);
  return trouble("Describe");
}

grpc::Status FakeEnrollment::Begin(grpc::ServerContext*, const v1::BeginRequest* request,
                                   v1::BeginResponse* response) {
  const std::lock_guard lock(mutex_);
  begun.push_back(*request);
  if (auto status = trouble("Begin"); !status.ok()) return status;
  if (request->proof() == v1::PROOF_MAIL || request->proof() == v1::PROOF_TELEPHONE) {
    forgotten = false;
    auto& pending = *response->mutable_pending();
    pending.set_enrolment(k_enrolment);
    pending.set_instruction("open the link in the mail");
    pending.set_expires_ms(test::k_not_after_ms);
    return grpc::Status::OK;
  }
  if (request->secret() != k_good_secret) return {grpc::StatusCode::UNAUTHENTICATED, "the proof is not good"};
  hand_out(*response->mutable_certificate(), *request);
  return grpc::Status::OK;
}

grpc::Status FakeEnrollment::Confirm(grpc::ServerContext* context, const v1::ConfirmRequest* request,
                                     v1::ConfirmResponse* response) {
  const std::lock_guard lock(mutex_);
  confirmed.push_back(*request);
  if (auto status = trouble("Confirm"); !status.ok()) {
    context->AddTrailingMetadata("retry-after-s", "0");
    return status;
  }
  if (forgotten || request->enrolment() != k_enrolment || begun.empty())
    return {grpc::StatusCode::NOT_FOUND, "there is no such enrolment"};
  if (request->code().empty() && !proved) return {grpc::StatusCode::FAILED_PRECONDITION, "not proved yet"};
  if (!request->code().empty() && request->code() != k_good_code)
    return {grpc::StatusCode::UNAUTHENTICATED, "the proof is not good"};
  hand_out(*response->mutable_certificate(), begun.back());
  return grpc::Status::OK;
}

grpc::Status FakeEnrollment::Revoke(grpc::ServerContext*, const v1::RevokeRequest* request,
                                    v1::RevokeResponse* response) {
  const std::lock_guard lock(mutex_);
  revoked.push_back(*request);
  response->add_nodes(test::node_id(0x10).hex());
  response->set_configuration_sequence(4);
  return trouble("Revoke");
}

// Two pages; alice's devices are on both.
grpc::Status FakeEnrollment::List(grpc::ServerContext*, const v1::ListRequest* request,
                                  v1::ListResponse* response) {
  const std::lock_guard lock(mutex_);
  listed.push_back(*request);
  if (!request->user().empty() && request->user() != "alice@example.org") return grpc::Status::OK;
  const bool first = request->page_token().empty();
  auto& account = *response->add_accounts();
  account.set_user("alice@example.org");
  account.set_created_ms(1'700'000'000'000);
  auto& device = *account.add_devices();
  device.set_node(test::node_id(first ? 0x10 : 0x11).hex());
  device.set_label(first ? "laptop" : "");
  device.set_not_after_ms(1'800'000'000'000);
  device.set_revoked_ms(first ? 0 : 1'750'000'000'000);
  if (first) response->set_next_page_token("1");
  return trouble("List");
}

grpc::Status FakeEnrollment::Invite(grpc::ServerContext*, const v1::InviteRequest* request,
                                    v1::InviteResponse* response) {
  const std::lock_guard lock(mutex_);
  invited.push_back(*request);
  response->set_token(k_good_secret);
  response->set_expires_ms(1'800'000'000'000);
  response->set_id("0123456789abcdef");
  return trouble("Invite");
}

// Two pages, of one each.
grpc::Status FakeEnrollment::ListInvitations(grpc::ServerContext*, const v1::ListInvitationsRequest* request,
                                             v1::ListInvitationsResponse* response) {
  const std::lock_guard lock(mutex_);
  invitations_listed.push_back(*request);
  if (!request->user().empty() && request->user() != "alice@example.org") return grpc::Status::OK;
  const bool first = request->page_token().empty();
  auto& invitation = *response->add_invitations();
  invitation.set_id(first ? "0123456789abcdef" : "fedcba9876543210");
  invitation.set_user(first ? "alice@example.org" : "");
  invitation.set_uses_left(first ? 2 : 0);
  invitation.set_made_ms(1'750'000'000'000);
  invitation.set_expires_ms(1'800'000'000'000);
  if (first) response->set_next_page_token("1");
  return trouble("ListInvitations");
}

grpc::Status FakeEnrollment::WithdrawInvitation(grpc::ServerContext*,
                                                const v1::WithdrawInvitationRequest* request,
                                                v1::WithdrawInvitationResponse*) {
  const std::lock_guard lock(mutex_);
  withdrawn.push_back(*request);
  return trouble("WithdrawInvitation");
}

grpc::Status FakeEnrollment::SetPassword(grpc::ServerContext*, const v1::SetPasswordRequest* request,
                                         v1::SetPasswordResponse*) {
  const std::lock_guard lock(mutex_);
  passwords.push_back(*request);
  return trouble("SetPassword");
}

grpc::Status FakeEnrollment::Statistics(grpc::ServerContext*, const v1::StatisticsRequest*,
                                        v1::StatisticsResponse* response) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : {std::pair{"enrolled", 2U}, std::pair{"wrong_password", 0U}}) {
    auto& counter = *response->add_counters();
    counter.set_name(name);
    counter.set_value(value);
  }
  auto& gauge = *response->add_gauges();
  gauge.set_name("mails_waiting");
  gauge.set_value(1);
  return trouble("Statistics");
}

}  // namespace ringway::services
