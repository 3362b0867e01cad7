#include "services/enrolld/proofs/mail_sender.hpp"

#include <algorithm>
#include <utility>

#include "services/enrolld/proofs/mail_transfer.hpp"
#include "services/enrolld/proofs/transfer_loop.hpp"

namespace ringway::enrolld {

namespace {

// What goes into a URL or a command: nothing with a meaning there.
bool plain_host(std::string_view name) {
  return !name.empty() && name.size() <= 254 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == ':' || c == '[' || c == ']';
  });
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Outcome<> check(const SmtpServer& server, const MailQueue& queue) {
  if (!plain_host(server.host)) return Failure{"the SMTP server's host is not a host name or address"};
  if (server.port == 0) return Failure{"the SMTP server's port is 0"};
  if (!server.client_name.empty() && !plain_host(server.client_name))
    return Failure{"the name for EHLO is not a host name"};
  if (server.login && (server.login->user.empty() || has_nul(server.login->user) ||
                       server.login->password.empty() || has_nul(server.login->password.reveal())))
    return Failure{"the login at the SMTP server needs a user and a password"};
  const Duration zero{0};
  if (server.connect_timeout <= zero || server.answer_timeout <= zero || server.attempt_timeout <= zero)
    return Failure{"the timeouts of the SMTP server must be above 0"};
  if (queue.most == 0 || queue.most_at_once == 0 || queue.attempts == 0 || queue.first_retry <= zero ||
      queue.longest_retry < queue.first_retry)
    return Failure{"the bounds of the mail queue must be above 0"};
  return Done{};
}

}  // namespace

struct MailSender::State {
  State(std::shared_ptr<Shared> with, const MailQueue& queue)
      : shared(std::move(with)), loop({queue.most, queue.most_at_once}) {}
  std::shared_ptr<Shared> shared;
  TransferLoop loop;
};

Result<std::unique_ptr<MailSender>> MailSender::start(SmtpServer server, const MailQueue& queue,
                                                      Observer observer) {
  if (auto checked = check(server, queue); !checked) return checked.error();
  auto from = MailAddress::read(server.from_address);
  if (!from) return Failure{"the sender's address: " + from.error().reason};
  auto name = HeaderText::read(server.from_name);
  if (!name) return Failure{"the sender's name: " + name.error().reason};
  std::shared_ptr<Shared> shared(
      new Shared{std::move(server), std::move(*from), std::move(*name), queue, std::move(observer)});
  return std::unique_ptr<MailSender>(new MailSender(std::move(shared), queue));
}

MailSender::MailSender(std::shared_ptr<Shared> shared, const MailQueue& queue)
    : state_(std::make_unique<State>(std::move(shared), queue)) {}

MailSender::~MailSender() = default;

bool MailSender::send(Mail mail) {
  auto& shared = *state_->shared;
  const bool taken = state_->loop.submit(std::make_unique<MailTransfer>(state_->shared, std::move(mail)));
  ++(taken ? shared.accepted : shared.queue_full);
  return taken;
}

MailStatistics MailSender::statistics() const {
  const auto& shared = *state_->shared;
  return {state_->loop.size(), shared.accepted, shared.queue_full, shared.sent,
          shared.refused,      shared.retries,  shared.gave_up,    shared.dropped};
}

}  // namespace ringway::enrolld
