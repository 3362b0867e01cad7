// A person's or a program's way to credentials, from a name and a URL to a folder that ringwayd can start
// with: the overlay's document over HTTPS, a key, a signing request, the proof, the certificate, all of it
// checked. What was interrupted is gone on with by the next call for the same folder.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"
#include "services/enroll_client/https.hpp"
#include "services/enroll_client/locate.hpp"
#include "services/enroll_client/offer.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::services {

struct EnrolWish {
  std::string user;  // user@domain, or tel:+digits
  std::string folder;
  // One of the two may be empty; without both the overlay is that of the user's domain.
  std::string configuration_url;
  std::string overlay_name;
  std::optional<Proof> proof;  // none: what the server offers and `Person` has something for
  std::string label;
  std::string replace_node;  // hex; empty: none
  bool force = false;        // replace credentials, and forget an enrolment that waits, in the folder
  // A key of its own, and so another Node-ID, although the folder has this user's credentials.
  bool new_key = false;
  HttpsSettings https;  // its client certificate is what proves a name with Proof::certificate
  DnsSettings dns;
  // How long to wait for a link to be followed; none: as long as it is good.
  std::optional<std::chrono::milliseconds> patience;
  std::chrono::milliseconds first_look{2'000};  // after so long, then ever more seldom
};

// Who wants the credentials: somebody at a terminal, or a script.
class Person {
 public:
  virtual ~Person() = default;
  virtual void tell(const std::string& text) = 0;
  // The invitation, or the password. Whether it is at hand, so that nobody has to be asked for it.
  virtual bool has(Proof proof) const = 0;
  virtual Result<enrolld::Secret> secret(Proof proof) = 0;
  // The code of a mail or a call, for an enrolment that was begun by an earlier call.
  virtual bool has_code() const = 0;
  virtual Result<enrolld::Secret> code() = 0;
  // Waits so long for a code to be typed. Nothing: none was.
  virtual std::optional<enrolld::Secret> listen(std::chrono::milliseconds wait) = 0;
  virtual bool wants_to_stop() const = 0;
};

struct EnrolledUser {
  std::string user;  // as it is in the certificate
  std::string overlay;
  std::vector<NodeId> nodes;
  WallMs not_after_ms = 0;
  std::vector<config::BootstrapNode> bootstrap_nodes;
};

struct NotEnrolled {
  enum class Why {
    wrong_request,  // mend the command
    enrolled_already,
    refused,  // the server says no
    unreachable,
    waiting,  // the proof has not come; the enrolment is kept
    stopped,  // the person wants to stop; the enrolment is kept
    failed,
  };
  Why why = Why::failed;
  std::string reason;
};

using Clock = std::function<WallMs()>;
Result<EnrolledUser, NotEnrolled> enrol_user(const EnrolWish& wish, Person& person, const Clock& clock);

}  // namespace ringway::services
