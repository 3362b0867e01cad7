// Sends mails through one SMTP server (RFC 5321, submission of RFC 6409): over TLS only, by STARTTLS or from
// the first byte (RFC 8314), the server's certificate verified. A thread of its own, a bounded queue, and
// retries for as long as the mail is of use.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/enrolld/proofs/mail_address.hpp"
#include "services/enrolld/proofs/mail_texts.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

struct SmtpLogin {
  std::string user;
  Secret password;
};

struct SmtpServer {
  enum class Tls { starttls, implicit };

  std::string host;
  std::uint16_t port = 587;  // 465 for implicit TLS
  Tls tls = Tls::starttls;
  std::string ca_file;  // PEM; empty: the system's authorities
  std::optional<SmtpLogin> login;
  std::string from_address;
  std::string from_name;             // may be empty
  std::string client_name;           // said in EHLO; empty: the domain of from_address
  Duration connect_timeout{10'000};  // to the end of the TLS handshake
  Duration answer_timeout{20'000};   // of each answer
  Duration attempt_timeout{60'000};
};

inline constexpr std::size_t k_default_mail_queue = 1024;

struct MailQueue {
  std::size_t most = k_default_mail_queue;  // mails that wait, are being sent, or wait for another attempt
  std::size_t most_at_once = 4;             // connections to the server
  unsigned attempts = 6;
  Duration first_retry{2'000};  // doubled each time
  Duration longest_retry{60'000};
};

struct Mail {
  std::string tag;  // the caller's own, for reports; no secret
  MailAddress to;
  MailText text;
  WallMs written_ms = 0;
  Duration useful{1'800'000};  // afterwards another attempt is of no use: the link has expired
};

// What became of a mail, or of one attempt.
struct MailReport {
  enum class Event {
    sent,        // the server has taken it over
    refused,     // by the server for good (5yz): no such mailbox, say
    will_retry,  // this attempt failed
    gave_up,     // the last attempt failed, or the mail is of no use any more
    dropped,     // the program stops
  };
  Event event = Event::sent;
  std::string tag;
  unsigned attempts = 0;
  int reply_code = 0;  // the server's last one; 0: none came
  std::string reason;  // for the operator's log: no address, no secret, printable ASCII
};

struct MailStatistics {
  std::uint64_t queued = 0;  // now, with those being sent
  std::uint64_t accepted = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;
  std::uint64_t retries = 0;
  std::uint64_t gave_up = 0;
  std::uint64_t dropped = 0;
};

class MailSender {
 public:
  // Called on the sender's thread; must neither throw, nor wait, nor destroy the sender.
  using Observer = std::function<void(const MailReport&)>;

  // Checks the settings; talks to nobody yet.
  static Result<std::unique_ptr<MailSender>> start(SmtpServer server, const MailQueue& queue,
                                                   Observer observer);
  // Ends what is under way; mails not yet sent are dropped, and reported.
  ~MailSender();
  MailSender(const MailSender&) = delete;
  MailSender& operator=(const MailSender&) = delete;

  // False when the queue is full. From any thread.
  [[nodiscard]] bool send(Mail mail);
  MailStatistics statistics() const;

  struct Shared;  // what the sender and its mails under way have in common

 private:
  MailSender(std::shared_ptr<Shared> shared, const MailQueue& queue);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringway::enrolld
