// One mail on its way through libcurl: its header and MIME parts, its attempts, and what the server's answers
// mean.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "services/enrolld/proofs/curl_handles.hpp"
#include "services/enrolld/proofs/mail_sender.hpp"
#include "services/enrolld/proofs/transfer_loop.hpp"

namespace ringway::enrolld {

struct MailSender::Shared {
  SmtpServer server;
  MailAddress from;
  HeaderText from_name;
  MailQueue queue;
  Observer observer;

  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> queue_full{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> gave_up{0};
  std::atomic<std::uint64_t> dropped{0};
};

class MailTransfer : public Transfer {
 public:
  MailTransfer(std::shared_ptr<MailSender::Shared> shared, Mail mail);

  CURLcode prepare(CURL* handle) override;
  std::optional<Duration> finished(CURL* handle, CURLcode result) override;
  void dropped() override;

 private:
  CURLcode prepare_connection(CURL* handle);
  CURLcode prepare_header();
  CURLcode prepare_parts(CURL* handle);
  void report(MailReport::Event event, int reply_code, std::string reason) const;
  Duration retry_delay() const;

  static std::size_t take_reply(char* bytes, std::size_t size, std::size_t count, void* self);

  std::shared_ptr<MailSender::Shared> shared_;
  Mail mail_;
  std::string message_id_;  // the same for each attempt, so that a repetition is known for what it is
  std::chrono::steady_clock::time_point useless_from_;
  unsigned attempts_ = 0;
  std::string reply_;  // the server's last line, or its refusal

  // What the handle refers to.
  CurlList recipients_;
  CurlList header_;
  CurlMime mime_;
};

// 5yz, and not about this program's own rights at the server, which the operator can mend (RFC 4954 §6).
bool refused_for_good(CURLcode result, int reply_code);

}  // namespace ringway::enrolld
