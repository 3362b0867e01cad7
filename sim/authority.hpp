// An enrollment authority in memory: a root, and node certificates under it as RFC 6940 §11.3 wants them.
// Keys and signatures are real (ECDSA P-256) and random; nothing that a simulation does may depend on them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/security/signer.hpp"
#include "reload/time.hpp"

namespace ringway::sim {

class Authority {
 public:
  Authority(std::string overlay_name, WallMs now_ms);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const SharedBytes& root_der() const { return root_der_; }

  struct Credentials {
    std::string private_key_pem;
    std::string certificate_pem;
    std::shared_ptr<const security::Signer> signer() const;
  };
  // Valid from an hour before the authority was made until `lifetime` after it.
  Credentials issue(const std::string& user_name, const NodeId& node,
                    std::chrono::hours lifetime = std::chrono::hours{24 * 365}) const;

 private:
  struct Root;
  std::unique_ptr<Root> root_;
  std::string overlay_name_;
  WallMs now_ms_;
  SharedBytes root_der_;
};

}  // namespace ringway::sim
