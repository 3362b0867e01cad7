#include "services/enrolld/proofs/mail_transfer.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {

namespace {

using Event = MailReport::Event;
constexpr std::size_t k_longest_reply = 200;

// RFC 5322 §3.3.
std::string date_of(WallMs ms) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

// libcurl would copy a part's text, and not zero the copy. It reads from the mail itself instead.
struct PartReader {
  std::string_view text;
  std::size_t at = 0;

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& reader = *static_cast<PartReader*>(self);
    const std::size_t given = std::min(size * count, reader.text.size() - reader.at);
    std::memcpy(buffer, reader.text.data() + reader.at, given);
    reader.at += given;
    return given;
  }
  static int seek(void* self, curl_off_t offset, int origin) {
    auto& reader = *static_cast<PartReader*>(self);
    if (origin != SEEK_SET || offset < 0 || offset > static_cast<curl_off_t>(reader.text.size()))
      return CURL_SEEKFUNC_FAIL;
    reader.at = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  static void free(void* self) { delete static_cast<PartReader*>(self); }
};

CURLcode add_part(curl_mime* parts, const char* type, std::string_view text) {
  curl_mimepart* part = curl_mime_addpart(parts);
  if (part == nullptr) return CURLE_OUT_OF_MEMORY;
  auto reader = std::make_unique<PartReader>(PartReader{text});
  CURLcode result = curl_mime_data_cb(part, static_cast<curl_off_t>(text.size()), PartReader::read,
                                      PartReader::seek, PartReader::free, reader.get());
  if (result != CURLE_OK) return result;
  (void)reader.release();  // the part's
  result = curl_mime_type(part, type);
  return result == CURLE_OK ? curl_mime_encoder(part, "quoted-printable") : result;
}

// Only what no terminal and no log reads as anything else.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, k_longest_reply));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

// libcurl's words for these are about its own options, or about SSH.
std::string advice_for(CURLcode result, const SmtpServer& server) {
  const std::string place = fmt::format("{}:{}", server.host, server.port);
  const bool implicit = server.tls == SmtpServer::Tls::implicit;
  switch (result) {
    case CURLE_USE_SSL_FAILED:
      return fmt::format(
          "the mail server {0} offers no TLS (STARTTLS), and mails go over TLS only: turn it on there, or "
          "name "
          "a port that has TLS from the first byte (--smtp smtps://{1}:465)",
          place, server.host);
    case CURLE_SSL_CONNECT_ERROR:
      if (!implicit) break;
      return fmt::format(
          "the mail server {0} does not begin with TLS: a port for STARTTLS is named with smtp:// (--smtp "
          "smtp://{0})",
          place);
    case CURLE_PEER_FAILED_VERIFICATION:
      return fmt::format(
          "the certificate of the mail server {} does not hold: it is for another name, has ended, or is of "
          "an "
          "authority that is not trusted here (--smtp-ca)",
          place);
    default:
      break;
  }
  return {};
}

// A server's words name the mailbox as a rule.
std::string without(std::string text, const std::string& address) {
  for (auto at = text.find(address); at != std::string::npos; at = text.find(address, at))
    text.replace(at, address.size(), "(address)");
  return text;
}

}  // namespace

bool refused_for_good(CURLcode result, int reply_code) {
  // The server's answers to MAIL, RCPT and DATA, and to the text of the mail. Anything else that fails is
  // about the connection, whatever code came last.
  const bool about_mail = result == CURLE_SEND_ERROR || result == CURLE_WEIRD_SERVER_REPLY;
  const bool about_us = reply_code == 530 || reply_code == 534 || reply_code == 535 || reply_code == 538;
  return about_mail && reply_code >= 500 && reply_code <= 599 && !about_us;
}

MailTransfer::MailTransfer(std::shared_ptr<MailSender::Shared> shared, Mail mail)
    : shared_(std::move(shared)),
      mail_(std::move(mail)),
      message_id_(fmt::format("<{}@{}>", new_pending_id(), shared_->from.domain())),
      useless_from_(std::chrono::steady_clock::now() + mail_.useful) {}

CURLcode MailTransfer::prepare(CURL* handle) {
  ++attempts_;
  reply_.clear();
  CURLcode result = prepare_connection(handle);
  if (result == CURLE_OK) result = prepare_header();
  if (result == CURLE_OK) result = prepare_parts(handle);
  if (result != CURLE_OK) return result;
  return CurlOptions(handle)
      .set(CURLOPT_MAIL_FROM, shared_->from.text().c_str())
      .set(CURLOPT_MAIL_RCPT, recipients_.get())
      .set(CURLOPT_HTTPHEADER, header_.get())
      .set(CURLOPT_MIMEPOST, mime_.get())
      .set(CURLOPT_HEADERFUNCTION, &MailTransfer::take_reply)
      .set(CURLOPT_HEADERDATA, this)
      .result();
}

CURLcode MailTransfer::prepare_connection(CURL* handle) {
  const auto& server = shared_->server;
  const bool implicit = server.tls == SmtpServer::Tls::implicit;
  // The path of the URL is the name in EHLO.
  const std::string url =
      fmt::format("{}://{}:{}/{}", implicit ? "smtps" : "smtp", server.host, server.port,
                  server.client_name.empty() ? std::string(shared_->from.domain()) : server.client_name);
  CurlOptions options(handle);
  secure(options,
         {implicit ? "smtps" : "smtp", server.ca_file, server.connect_timeout, server.attempt_timeout});
  const auto answer_timeout = std::chrono::ceil<std::chrono::seconds>(server.answer_timeout).count();
  options.set(CURLOPT_URL, url.c_str())
      .set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL))  // no STARTTLS, no mail
      .set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(answer_timeout))
      // Mails are few; a connection kept for the next one would mostly be closed by the server meanwhile.
      .set(CURLOPT_FORBID_REUSE, 1L);
  if (server.login) {
    options.set(CURLOPT_USERNAME, server.login->user.c_str())
        .set(CURLOPT_PASSWORD, server.login->password.reveal_c_str());
  }
  return options.result();
}

CURLcode MailTransfer::prepare_header() {
  header_.reset();
  recipients_.reset();
  const std::string name =
      shared_->from_name.encoded().empty() ? "" : shared_->from_name.as_display_name() + " ";
  const bool whole =
      append(recipients_, fmt::format("<{}>", mail_.to.text())) &&
      append(header_, "Date: " + date_of(mail_.written_ms)) &&
      append(header_, fmt::format("From: {}<{}>", name, shared_->from.text())) &&
      append(header_, fmt::format("To: <{}>", mail_.to.text())) &&
      append(header_, "Subject: " + mail_.text.subject.encoded()) &&
      append(header_, "Message-ID: " + message_id_) &&
      append(header_, "Auto-Submitted: auto-generated");  // RFC 3834: no holiday notices, please
  return whole ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

// Both forms of the text as alternatives, the better one last (RFC 2046 §5.1.4).
CURLcode MailTransfer::prepare_parts(CURL* handle) {
  mime_.reset(curl_mime_init(handle));
  CurlMime alternatives(curl_mime_init(handle));
  if (!mime_ || !alternatives) return CURLE_OUT_OF_MEMORY;
  CURLcode result = add_part(alternatives.get(), "text/plain; charset=utf-8", mail_.text.plain.reveal());
  if (result == CURLE_OK)
    result = add_part(alternatives.get(), "text/html; charset=utf-8", mail_.text.html.reveal());
  if (result != CURLE_OK) return result;
  curl_mimepart* whole = curl_mime_addpart(mime_.get());
  if (whole == nullptr) return CURLE_OUT_OF_MEMORY;
  result = curl_mime_subparts(whole, alternatives.get());
  if (result != CURLE_OK) return result;
  (void)alternatives.release();  // the part's
  result = curl_mime_type(whole, "multipart/alternative");
  if (result != CURLE_OK) return result;
  // No "attachment" for what is the mail itself.
  return curl_mime_headers(whole, curl_slist_append(nullptr, "Content-Disposition: inline"), 1);
}

std::optional<Duration> MailTransfer::finished(CURL* handle, CURLcode result) {
  long code = 0;
  if (handle != nullptr) curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
  const int reply_code = code >= 100 && code <= 599 ? static_cast<int>(code) : 0;
  if (result == CURLE_OK) {
    ++shared_->sent;
    report(Event::sent, reply_code, {});
    return std::nullopt;
  }
  std::string reason = advice_for(result, shared_->server);
  if (reason.empty()) reason = curl_easy_strerror(result);
  if (!reply_.empty()) reason += "; the server's last words: " + without(printable(reply_), mail_.to.text());
  if (refused_for_good(result, reply_code)) {
    ++shared_->refused;
    report(Event::refused, reply_code, std::move(reason));
    return std::nullopt;
  }
  const Duration delay = retry_delay();
  if (attempts_ >= shared_->queue.attempts || std::chrono::steady_clock::now() + delay >= useless_from_) {
    ++shared_->gave_up;
    report(Event::gave_up, reply_code, std::move(reason));
    return std::nullopt;
  }
  ++shared_->retries;
  report(Event::will_retry, reply_code, std::move(reason));
  return delay;
}

void MailTransfer::dropped() {
  ++shared_->dropped;
  report(Event::dropped, 0, "the program stops");
}

Duration MailTransfer::retry_delay() const {
  Duration delay = shared_->queue.first_retry;
  for (unsigned i = 1; i < attempts_ && delay < shared_->queue.longest_retry; ++i) delay *= 2;
  return std::min(delay, shared_->queue.longest_retry);
}

void MailTransfer::report(Event event, int reply_code, std::string reason) const {
  if (shared_->observer) shared_->observer({event, mail_.tag, attempts_, reply_code, std::move(reason)});
}

std::size_t MailTransfer::take_reply(char* bytes, std::size_t size, std::size_t count, void* self) {
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  auto& reply = static_cast<MailTransfer*>(self)->reply_;
  const auto is_refusal = [](std::string_view text) {
    return text.starts_with('4') || text.starts_with('5');
  };
  // A refusal stays: a friendly answer to QUIT may follow it.
  if (is_refusal(line) || !is_refusal(reply)) reply = line.substr(0, k_longest_reply);
  return size * count;
}

}  // namespace ringway::enrolld
