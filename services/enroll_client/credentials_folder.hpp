// The folder that an enrolment fills, so that at any moment it holds no credentials or whole ones, and what
// was begun can be gone on with.
//
//   node.key (0600), node.crt, overlay.xml, enrollment.json    the credentials, as ringwayd reads them
//   pending/                                                   an enrolment that waits for its proof:
//     node.key (0600), enrolment.json                          the key that it is for, and what is known of
//     it
//   complete/                                                  the next credentials, whole; what is left of
//   it
//                                                              is moved to its place by the next open()
#pragma once

#include <optional>
#include <string>

#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "reload/time.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::services {

struct PendingEnrolment {
  std::string user;     // as it was asked for
  std::string overlay;  // the overlay's name
  std::string proof;
  std::string grpc;
  std::string enrolment;  // empty: not begun yet, or a proof at hand was not taken
  std::string instruction;
  WallMs expires_ms = 0;
  enrolld::Secret private_key_pem;
};

// Beside the key, which is the pending enrolment's.
struct CredentialTexts {
  std::string node_crt;
  std::string overlay_xml;
  std::string enrollment_json;
};

struct PresentCredentials {
  enrolld::Secret private_key_pem;
  security::CertificatePtr certificate;  // for that key
};

class CredentialsFolder {
 public:
  // Made for its owner only when it is not there. It is this object's alone while it lives: of two enrolments
  // into one folder at once the second fails. When it was made here and nothing has come into it, it goes
  // with the object.
  static Result<CredentialsFolder> open(const std::string& path);
  CredentialsFolder(CredentialsFolder&& other) noexcept;
  CredentialsFolder& operator=(CredentialsFolder&&) = delete;
  ~CredentialsFolder();

  const std::string& path() const { return path_; }
  bool has_credentials() const;
  // The key with its certificate, valid or ended. Nothing when there are no two that fit.
  std::optional<PresentCredentials> credentials() const;

  Result<std::optional<PendingEnrolment>> pending() const;
  Outcome<> keep(const PendingEnrolment& pending) const;
  Outcome<> forget_pending() const;
  // The pending enrolment has ended well: its key and these are the credentials from now on.
  Outcome<> finish(const CredentialTexts& texts) const;

 private:
  CredentialsFolder(std::string path, int lock, bool made)
      : path_(std::move(path)), lock_(lock), made_(made) {}
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  Outcome<> move_complete() const;

  std::string path_;
  int lock_;
  bool made_;  // by open()
};

}  // namespace ringway::services
