// The person in front of `ringway enroll`, or the script that runs it: secrets from files, the environment or
// a prompt without echo, and a code typed while the program waits.
#pragma once

#include <memory>
#include <string>

#include "services/enroll_client/enrol_user.hpp"
#include "services/enrolld/authority/secret_source.hpp"
#include "services/ringway/session.hpp"

namespace ringway::services {

struct EnrolSecrets {
  enrolld::SecretSource invitation{"the invitation", "--invitation-file", "", "RINGWAY_INVITATION", false};
  enrolld::SecretSource password{"the password", "--password-file", "", "RINGWAY_PASSWORD", false};
  enrolld::SecretSource code{"the code", "--code-file", "", "RINGWAY_CODE", false};
};

class Terminal : public Person {
 public:
  Terminal(const Session& session, EnrolSecrets secrets);
  ~Terminal() override;

  void tell(const std::string& text) override;
  bool has(Proof proof) const override { return source(proof).given(); }
  Result<enrolld::Secret> secret(Proof proof) override { return enrolld::find_secret(source(proof)); }
  bool has_code() const override { return secrets_.code.given(); }
  Result<enrolld::Secret> code() override { return enrolld::find_secret(secrets_.code); }
  std::optional<enrolld::Secret> listen(std::chrono::milliseconds wait) override;
  bool wants_to_stop() const override;

 private:
  class Quiet;
  const enrolld::SecretSource& source(Proof proof) const {
    return proof == Proof::password ? secrets_.password : secrets_.invitation;
  }
  // More of standard input, when some comes within the time.
  void read_some(std::chrono::milliseconds wait);

  const Session& session_;
  EnrolSecrets secrets_;
  bool standard_input_;
  bool ended_ = false;            // there is nothing more to read
  std::string typed_;             // not yet a whole line; wiped
  std::unique_ptr<Quiet> quiet_;  // from the first listen() on
};

}  // namespace ringway::services
