// An enrollment server for tests: ringway.v1.Enrollment/Renew over TLS, asking for the client's certificate,
// and the configuration document over HTTPS. What it answers is the test's to say.
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/authority/key.hpp"
#include "services/upkeep/enrollment_file.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"

namespace ringway::services {

class FakeEnrollmentServer : public v1::Enrollment::Service {
 public:
  struct Asked {
    std::string client_certificate_pem;
    Key key;  // of the signing request
  };
  using Answer = std::function<grpc::Status(const Asked&, grpc::ServerContext&, v1::Certificate&)>;

  explicit FakeEnrollmentServer(Answer answer);
  ~FakeEnrollmentServer() override;

  EnrollmentServer address() const;  // with the CA that has certified it
  void serve_document(std::string document);
  std::vector<Asked> asked() const;
  int documents_served() const;

  grpc::Status Renew(grpc::ServerContext* context, const v1::RenewRequest* request,
                     v1::RenewResponse* response) override;

 private:
  const Answer answer_;
  const TemporaryFolder folder_;
  const enrolld_http::Credentials own_ = enrolld_http::self_signed("localhost");
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::string document_;
  int documents_served_ = 0;
  int port_ = 0;
  std::unique_ptr<enrolld_http::Server> https_;
  std::unique_ptr<grpc::Server> grpc_;
};

}  // namespace ringway::services
