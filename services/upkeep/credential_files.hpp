// node.key and node.crt of a credentials folder while the pair is exchanged for a renewed one: after a crash
// at any moment there is a key with the certificate for it, and nothing that the server has certified is
// lost.
//
//   node.key.next    the key that a certificate is being asked for. Written before the first request and used
//                    for every further one: the server may have certified it although no answer came, and
//                    takes no other key from the old certificate then.
//   node.crt.next    the certificate for it. From the moment it is there the new pair is the one to use; the
//                    two renames that follow are made up for by the next load().
//
// An enrolment into the folder (services/enroll_client/credentials_folder.hpp) holds its lock; while it does,
// nothing here changes a file that the enrolment replaces.
#pragma once

#include <string>

#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::services {

struct KeyAndCertificate {
  std::string private_key_pem;
  std::string certificates_pem;
};

class CredentialFiles {
 public:
  explicit CredentialFiles(std::string folder) : folder_(std::move(folder)) {}

  // Ends an exchange that was cut short, unless an enrolment is under way, then reads the pair. That they
  // belong together is checked.
  Result<KeyAndCertificate> load() const;
  // Made when there is none.
  Result<enrolld::Secret> next_key() const;
  // The certificate for the next key has come: the two are the pair from now on. Refuses while an enrolment
  // is under way, and when another node's credentials have been put here.
  Outcome<> exchange(const std::string& certificates_pem) const;

 private:
  std::string path(const char* name) const { return folder_ + "/" + name; }
  Outcome<> recover() const;

  std::string folder_;
};

}  // namespace ringway::services
