// The mail sender against a real SMTP server, well-behaved and otherwise (smtp_server.py).
#include "services/enrolld/proofs/mail_sender.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "services/enrolld/proofs/tokens.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/api/tls_material.hpp"
#include "tests/services/enrolld/proofs/python_server.hpp"

namespace ringway::enrolld {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Event = MailReport::Event;
using Tls = SmtpServer::Tls;

constexpr const char* k_password = "open sesame, please";
constexpr WallMs k_written_ms = 1'800'000'000'000;

// What the sender reports, to be waited for.
class Reports {
 public:
  MailSender::Observer observer() {
    return [this](const MailReport& report) {
      const std::lock_guard lock(mutex_);
      all_.push_back(report);
      changed_.notify_all();
    };
  }
  // The last word about a mail.
  MailReport end_of(const std::string& tag) {
    std::unique_lock lock(mutex_);
    const auto is_end = [&](const MailReport& report) {
      return report.tag == tag && report.event != Event::will_retry;
    };
    auto found = all_.end();
    const bool in_time = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      found = std::find_if(all_.begin(), all_.end(), is_end);
      return found != all_.end();
    });
    if (in_time) return *found;
    ADD_FAILURE() << "nothing became of the mail " << tag;
    return {};
  }
  std::vector<MailReport> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<MailReport> all_;
};

// Takes connections, and says nothing.
class SilentListener {
 public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, any, &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { ::close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class MailSenderTest : public testing::Test {
 protected:
  struct ServerOptions {
    std::string tls = "starttls";
    std::string name = "localhost";  // in its certificate
    bool login = true;
  };

  PythonServer start_server(const ServerOptions& options) {
    const auto identity = tls_.issue(options.name);
    std::vector<std::string> arguments{"--tls",         options.tls,
                                       "--certificate", folder_.file("server.pem", identity.certificate_pem),
                                       "--key",         folder_.file("server.key", identity.key_pem)};
    if (options.login) arguments.insert(arguments.end(), {"--user", "enrolld", "--password", k_password});
    return PythonServer("smtp_server.py", arguments);
  }

  SmtpServer settings(std::uint16_t port, Tls tls = Tls::starttls) {
    SmtpServer server;
    server.host = "localhost";
    server.port = port;
    server.tls = tls;
    server.ca_file = folder_.file("ca.pem", tls_.root_pem());
    server.login = SmtpLogin{"enrolld", Secret(k_password)};
    server.from_address = "ringway@enroll.example.org";
    server.from_name = "Ringway \xC3\xA0 la carte";
    server.connect_timeout = Duration(3'000);
    server.answer_timeout = Duration(1'000);
    server.attempt_timeout = Duration(5'000);
    return server;
  }

  static MailQueue quick() {
    MailQueue queue;
    queue.attempts = 3;
    queue.first_retry = Duration(20);
    queue.longest_retry = Duration(50);
    return queue;
  }

  std::unique_ptr<MailSender> start(SmtpServer server, const MailQueue& queue = quick()) {
    return MailSender::start(std::move(server), queue, reports_.observer()).value();
  }

  // The mail's tag is its address.
  static Mail mail(const std::string& to) {
    const Confirmation confirmation{"overlay.example.org", to,
                                    Secret("https://enroll.example.org/confirm/0a/the-token-of-the-link"),
                                    Secret("12345678"), 30};
    return {to, MailAddress::read(to).value(), confirmation_mail(confirmation).value(), k_written_ms};
  }

  services::TemporaryFolder folder_;
  services::TlsMaterial tls_;
  Reports reports_;
};

TEST_F(MailSenderTest, TheMailArrivesWholeOverStartTls) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));

  EXPECT_EQ(server.next("login")["right"], true);
  const json got = server.next("mail");
  EXPECT_EQ(got["sender"], "ringway@enroll.example.org");
  EXPECT_EQ(got["to"], json({"alice@example.org"}));
  EXPECT_THAT(got["tls"].get<std::string>(), HasSubstr("TLSv1."));
  EXPECT_EQ(got["user"], "enrolld");
  EXPECT_EQ(got["defects"], json::array());
  EXPECT_LE(got["longest_line"], 998);

  std::map<std::string, std::string> header;
  for (const auto& line : got["headers"])
    EXPECT_TRUE(header.emplace(line[0], line[1]).second) << line << " twice";
  EXPECT_EQ(header["From"], "Ringway \xC3\xA0 la carte <ringway@enroll.example.org>");
  EXPECT_EQ(header["To"], "alice@example.org");
  EXPECT_EQ(header["Subject"], "Confirm alice@example.org");
  EXPECT_EQ(header["Date"], "Fri, 15 Jan 2027 08:00:00 +0000");
  EXPECT_EQ(header["Auto-Submitted"], "auto-generated");
  EXPECT_THAT(header["Message-ID"], HasSubstr("@enroll.example.org>"));

  EXPECT_EQ(got["structure"], json({"multipart/mixed", "multipart/alternative", "text/plain", "text/html"}));
  const Mail sent = mail("alice@example.org");
  std::string plain = got["parts"]["text/plain"];
  std::string html = got["parts"]["text/html"];
  const auto lines = [](std::string_view text) {
    std::string out(text);
    out.erase(std::remove(out.begin(), out.end(), '\r'), out.end());
    return out;
  };
  EXPECT_EQ(lines(plain), lines(sent.text.plain.reveal()));
  EXPECT_EQ(lines(html), lines(sent.text.html.reveal()));

  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::sent);
  EXPECT_EQ(end.attempts, 1U);
  const auto statistics = sender->statistics();
  EXPECT_EQ(statistics.accepted, 1U);
  EXPECT_EQ(statistics.sent, 1U);
}

TEST_F(MailSenderTest, TheMailArrivesOverImplicitTls) {
  auto server = start_server({"implicit"});
  const auto sender = start(settings(server.port(), Tls::implicit));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const json got = server.next("mail");
  EXPECT_THAT(got["tls"].get<std::string>(), HasSubstr("TLSv1."));
  EXPECT_EQ(got["user"], "enrolld");
  EXPECT_EQ(reports_.end_of("alice@example.org").event, Event::sent);
}

TEST_F(MailSenderTest, AMailboxThatIsNotThereIsRefusedAtOnce) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("refused@example.org")));
  const auto end = reports_.end_of("refused@example.org");
  EXPECT_EQ(end.event, Event::refused);
  EXPECT_EQ(end.attempts, 1U);
  EXPECT_EQ(end.reply_code, 550);
  EXPECT_THAT(end.reason, HasSubstr("<(address)>: no such mailbox"));
  EXPECT_THAT(end.reason, Not(HasSubstr("refused@")));
  EXPECT_EQ(sender->statistics().refused, 1U);
}

TEST_F(MailSenderTest, ATextThatIsNotWantedIsRefusedAtOnce) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("spam@example.org")));
  const auto end = reports_.end_of("spam@example.org");
  EXPECT_EQ(end.event, Event::refused);
  EXPECT_EQ(end.reply_code, 554);
}

TEST_F(MailSenderTest, ATemporaryRefusalIsTriedAgain) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("later-2@example.org")));
  const auto end = reports_.end_of("later-2@example.org");
  EXPECT_EQ(end.event, Event::sent);
  EXPECT_EQ(end.attempts, 3U);
  const auto all = reports_.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].event, Event::will_retry);
  EXPECT_EQ(all[0].reply_code, 451);
  EXPECT_EQ(sender->statistics().retries, 2U);
  EXPECT_EQ(server.next("mail")["to"], json({"later-2@example.org"}));
}

TEST_F(MailSenderTest, ARepeatedMailIsTheSameMail) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("lost-1@example.org")));
  EXPECT_EQ(reports_.end_of("lost-1@example.org").event, Event::sent);
  const json first = server.next("mail");
  const json second = server.next("mail");
  const auto id_of = [](const json& got) {
    for (const auto& line : got["headers"]) {
      if (line[0] == "Message-ID") return line[1].get<std::string>();
    }
    return std::string();
  };
  EXPECT_EQ(id_of(first), id_of(second));
  EXPECT_NE(id_of(first), "");
  EXPECT_EQ(first["parts"], second["parts"]);
}

TEST_F(MailSenderTest, AServerThatDropsTheConnectionIsGivenUpAfterAllAttempts) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("drop@example.org")));
  const auto end = reports_.end_of("drop@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_EQ(end.attempts, 3U);
  EXPECT_EQ(sender->statistics().gave_up, 1U);
  for (int attempt = 1; attempt <= 3; ++attempt) EXPECT_EQ(server.next("rcpt")["attempt"], attempt);
}

TEST_F(MailSenderTest, AServerThatHangsHoldsUpNobodyElse) {
  auto server = start_server({});
  auto queue = quick();
  queue.attempts = 1;
  const auto sender = start(settings(server.port()), queue);
  ASSERT_TRUE(sender->send(mail("hang@example.org")));
  EXPECT_EQ(server.next("rcpt")["to"], "hang@example.org");
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  EXPECT_EQ(reports_.end_of("alice@example.org").event, Event::sent);
  EXPECT_EQ(reports_.end_of("hang@example.org").event, Event::gave_up);
  EXPECT_EQ(reports_.all().front().tag, "alice@example.org") << "sent while the other one hung";
}

TEST_F(MailSenderTest, AServerThatSaysNothingIsGivenUp) {
  const SilentListener silent;
  auto server = settings(silent.port());
  server.connect_timeout = Duration(300);
  auto queue = quick();
  queue.attempts = 2;
  const auto sender = start(std::move(server), queue);
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_EQ(end.attempts, 2U);
}

TEST_F(MailSenderTest, AMailThatIsTakenOverIsSentThoughQuitHangs) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("slow-quit@example.org")));
  EXPECT_EQ(reports_.end_of("slow-quit@example.org").event, Event::sent);
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  EXPECT_EQ(reports_.end_of("alice@example.org").event, Event::sent);
}

// What the server hears from a sender that shall not trust it.
void expect_nothing_was_told(PythonServer& server) {
  for (const auto& event : server.all(std::chrono::milliseconds(300))) {
    EXPECT_NE(event["event"], "login") << event;
    EXPECT_NE(event["event"], "rcpt") << event;
    EXPECT_NE(event["event"], "mail") << event;
  }
}

TEST_F(MailSenderTest, AServerWithoutTlsGetsNeitherPasswordNorMail) {
  auto server = start_server({"none"});
  const auto sender = start(settings(server.port()));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_THAT(end.reason,
              HasSubstr("localhost:" + std::to_string(server.port()) + " offers no TLS (STARTTLS)"));
  EXPECT_THAT(end.reason, HasSubstr("smtps://localhost:465"));
  expect_nothing_was_told(server);
}

TEST_F(MailSenderTest, TlsAtAPortForStarttlsIsTold) {
  auto server = start_server({"starttls"});
  const auto sender = start(settings(server.port(), Tls::implicit));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_THAT(end.reason, HasSubstr("does not begin with TLS"));
  EXPECT_THAT(end.reason, HasSubstr("smtp://localhost:" + std::to_string(server.port())));
  expect_nothing_was_told(server);
}

TEST_F(MailSenderTest, ACertificateOfAnotherAuthorityGetsNothing) {
  auto server = start_server({});
  auto with = settings(server.port());
  with.ca_file = folder_.file("other-ca.pem", services::TlsMaterial().root_pem());
  const auto sender = start(std::move(with));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_THAT(end.reason, HasSubstr("certificate"));
  EXPECT_THAT(end.reason, HasSubstr("--smtp-ca"));
  expect_nothing_was_told(server);
}

TEST_F(MailSenderTest, ACertificateForAnotherHostGetsNothing) {
  for (const auto tls : {Tls::starttls, Tls::implicit}) {
    auto server = start_server({tls == Tls::implicit ? "implicit" : "starttls", "other.example.org"});
    Reports reports;
    const auto sender = MailSender::start(settings(server.port(), tls), quick(), reports.observer()).value();
    ASSERT_TRUE(sender->send(mail("alice@example.org")));
    EXPECT_EQ(reports.end_of("alice@example.org").event, Event::gave_up);
    expect_nothing_was_told(server);
  }
}

TEST_F(MailSenderTest, AWrongPasswordIsTheOperatorsFaultAndIsNotLogged) {
  auto server = start_server({});
  auto with = settings(server.port());
  with.login = SmtpLogin{"enrolld", Secret("a-wrong-password")};
  const auto sender = start(std::move(with));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  const auto end = reports_.end_of("alice@example.org");
  EXPECT_EQ(end.event, Event::gave_up) << "not refused: the mailbox is all right";
  EXPECT_EQ(end.reply_code, 535);
  for (const auto& report : reports_.all()) {
    EXPECT_THAT(report.reason, Not(HasSubstr("wrong-password")));
    EXPECT_THAT(report.reason, Not(HasSubstr("the-token-of-the-link")));
  }
}

TEST_F(MailSenderTest, AServerWithoutLoginIsPossible) {
  auto server = start_server({"starttls", "localhost", false});
  auto with = settings(server.port());
  with.login.reset();
  with.from_name = "";
  with.client_name = "gateway.example.org";
  const auto sender = start(std::move(with));
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  EXPECT_EQ(server.next("ehlo")["name"], "gateway.example.org");
  const json got = server.next("mail");
  EXPECT_THAT(got["headers"], Contains(json{"From", "ringway@enroll.example.org"}));
}

TEST_F(MailSenderTest, TheQueueIsBounded) {
  const SilentListener silent;
  auto queue = quick();
  queue.most = 3;
  queue.most_at_once = 1;
  const auto sender = start(settings(silent.port()), queue);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sender->send(mail("alice@example.org")));
  EXPECT_FALSE(sender->send(mail("bob@example.org")));
  const auto statistics = sender->statistics();
  EXPECT_EQ(statistics.queued, 3U);
  EXPECT_EQ(statistics.accepted, 3U);
  EXPECT_EQ(statistics.queue_full, 1U);
}

TEST_F(MailSenderTest, AMailThatIsOfNoUseAnyMoreIsNotTriedAgain) {
  auto server = start_server({});
  auto queue = quick();
  queue.attempts = 1000;
  const auto sender = start(settings(server.port()), queue);
  auto short_lived = mail("later-1000@example.org");
  short_lived.useful = Duration(500);
  ASSERT_TRUE(sender->send(std::move(short_lived)));
  const auto end = reports_.end_of("later-1000@example.org");
  EXPECT_EQ(end.event, Event::gave_up);
  EXPECT_LT(end.attempts, 100U);
}

TEST_F(MailSenderTest, StoppingDropsWhatIsNotSentAndSaysSo) {
  const SilentListener silent;
  auto queue = quick();
  queue.most_at_once = 1;
  auto server = settings(silent.port());
  server.connect_timeout = Duration(60'000);
  server.attempt_timeout = Duration(60'000);
  auto sender = start(std::move(server), queue);
  ASSERT_TRUE(sender->send(mail("alice@example.org")));
  ASSERT_TRUE(sender->send(mail("bob@example.org")));
  const auto start_of_stop = std::chrono::steady_clock::now();
  sender.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start_of_stop, std::chrono::seconds(5));
  EXPECT_EQ(reports_.end_of("alice@example.org").event, Event::dropped);
  EXPECT_EQ(reports_.end_of("bob@example.org").event, Event::dropped);
}

TEST_F(MailSenderTest, ManyMailsArriveOnceEach) {
  auto server = start_server({});
  const auto sender = start(settings(server.port()));
  constexpr int k_mails = 40;
  for (int i = 0; i < k_mails; ++i)
    ASSERT_TRUE(sender->send(mail("user" + std::to_string(i) + "@example.org")));
  std::multiset<std::string> arrived;
  for (int i = 0; i < k_mails; ++i) {
    const json got = server.next("mail");
    ASSERT_TRUE(got.is_object());
    arrived.insert(got["to"][0].get<std::string>());
  }
  for (int i = 0; i < k_mails; ++i) {
    const std::string user = "user" + std::to_string(i) + "@example.org";
    EXPECT_EQ(arrived.count(user), 1U) << user;
    EXPECT_EQ(reports_.end_of(user).event, Event::sent);
  }
  EXPECT_EQ(sender->statistics().sent, std::uint64_t{k_mails});
  // The last place in the queue is given back after the report.
  for (int i = 0; i < 500 && sender->statistics().queued > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(sender->statistics().queued, 0U);
}

TEST_F(MailSenderTest, SettingsThatCannotWorkAreRefusedAtTheStart) {
  const auto refused = [this](auto change) {
    auto server = settings(587);
    auto queue = quick();
    change(server, queue);
    return !MailSender::start(std::move(server), queue, {}).ok();
  };
  EXPECT_FALSE(refused([](SmtpServer&, MailQueue&) {}));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.host = "a/b"; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.host = ""; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.port = 0; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.from_address = "nobody"; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.from_name = "a\r\nBcc: b@c.d"; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.client_name = "a\r\nMAIL"; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.login = SmtpLogin{"enrolld", Secret()}; }));
  EXPECT_TRUE(refused([](SmtpServer& server, MailQueue&) { server.answer_timeout = Duration(0); }));
  EXPECT_TRUE(refused([](SmtpServer&, MailQueue& queue) { queue.most = 0; }));
  EXPECT_TRUE(refused([](SmtpServer&, MailQueue& queue) { queue.attempts = 0; }));
}

}  // namespace
}  // namespace ringway::enrolld
