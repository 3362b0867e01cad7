#include "tests/services/upkeep/enrollment_server.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "services/enrolld/authority/signing_request.hpp"
#include "services/enrolld/http/router.hpp"

namespace ringway::services {

namespace http = enrolld_http;

FakeEnrollmentServer::FakeEnrollmentServer(Answer answer) : answer_(std::move(answer)) {
  folder_.file("ca.pem", own_.certificate_pem);
  http::Router router;
  router.add(http::Method::get, "/.well-known/reload-config",
             [this](const http::Request&, const http::Responder& responder) {
               const std::scoped_lock lock(mutex_);
               ++documents_served_;
               if (document_.empty()) return responder({503, "text/plain", "not now", {}});
               responder({200, "application/p2p-overlay+xml", document_, {}});
             });
  https_ = http::Server::start(http::local_settings(own_), router).value();
  // The certificate is looked at by the handler, as the real server does it.
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  tls.pem_key_cert_pairs.push_back({own_.key_pem, own_.certificate_pem});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
  builder.RegisterService(this);
  grpc_ = builder.BuildAndStart();
}

FakeEnrollmentServer::~FakeEnrollmentServer() {
  grpc_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  https_.reset();
}

EnrollmentServer FakeEnrollmentServer::address() const {
  return {"https://localhost:" + std::to_string(https_->address().port) + "/.well-known/reload-config", false,
          "localhost:" + std::to_string(port_), folder_.file("ca.pem")};
}

void FakeEnrollmentServer::serve_document(std::string document) {
  const std::scoped_lock lock(mutex_);
  document_ = std::move(document);
}

std::vector<FakeEnrollmentServer::Asked> FakeEnrollmentServer::asked() const {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

int FakeEnrollmentServer::documents_served() const {
  const std::scoped_lock lock(mutex_);
  return documents_served_;
}

grpc::Status FakeEnrollmentServer::Renew(grpc::ServerContext* context, const v1::RenewRequest* request,
                                         v1::RenewResponse* response) {
  Asked asked;
  const auto shown = context->auth_context()->FindPropertyValues("x509_pem_cert");
  if (!shown.empty()) asked.client_certificate_pem = std::string(shown[0].data(), shown[0].size());
  const auto csr = enrolld::read_signing_request(view_of(request->csr()));
  if (!csr) return {grpc::StatusCode::INVALID_ARGUMENT, csr.error().reason};
  asked.key = csr->public_key;
  {
    const std::scoped_lock lock(mutex_);
    asked_.push_back(asked);
  }
  return answer_(asked, *context, *response->mutable_certificate());
}

}  // namespace ringway::services
