#include "services/enrolld/http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "services/enrolld/http/router.hpp"
#include "tests/services/enrolld/http/support/raw_client.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"

namespace ringway::enrolld_http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string k_get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

class ServerTest : public testing::Test {
 protected:
  ServerTest() : own_(self_signed("localhost")), settings_(local_settings(own_)) {
    router_.add(Method::get, "/",
                [](const Request&, const Responder& responder) { responder(text_response(200, "hello")); });
    router_.add(Method::post, "/echo", [this](Request request, const Responder& responder) {
      seen_ = std::move(request);
      responder({200, "application/octet-stream", seen_.body, {{"Cache-Control", "max-age=60"}}});
    });
    router_.add(Method::get, "/throws",
                [](const Request&, const Responder&) { throw std::runtime_error("private"); });
    router_.add(Method::get, "/later", [this](const Request&, Responder responder) {
      const std::lock_guard lock(mutex_);
      kept_.push_back(std::move(responder));
    });
  }
  ~ServerTest() override { server_.reset(); }

  void start() {
    auto server = Server::start(settings_, router_);
    ASSERT_TRUE(server.ok()) << server.error().reason;
    server_ = *std::move(server);
  }
  Answered get(const std::string& path) { return fetch({path}); }
  Answered fetch(Asked asked) {
    asked.trusted_pem = own_.certificate_pem;
    return ask(*server_, asked);
  }
  std::uint16_t port() const { return server_->address().port; }
  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }
  Responder take_kept() {
    const std::lock_guard lock(mutex_);
    Responder last = kept_.back();
    kept_.clear();
    return last;
  }

  Credentials own_;
  ServerSettings settings_;
  Router router_;
  std::mutex mutex_;
  std::vector<Responder> kept_;
  Request seen_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersGetHeadAndPost) {
  start();
  const Answered got = get("/");
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
  const Answered head = fetch({"/", "HEAD"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_THAT(head.headers, HasSubstr("Content-Length: 5\r\n"));
  const std::string body("a\0b\r\n", 5);
  const Answered posted = fetch({"/echo?x=%41", "", body, {"X-Thing: 1"}});
  EXPECT_EQ(posted.body, body);
  EXPECT_EQ(seen_.path, "/echo");
  EXPECT_EQ(seen_.query, "x=%41");
  EXPECT_EQ(seen_.header("x-thing"), "1");
  EXPECT_EQ(seen_.source, "127.0.0.1");
  EXPECT_TRUE(seen_.client_certificates_der.empty());
}

TEST_F(ServerTest, TellsBrowsersToBeCareful) {
  start();
  const Answered got = get("/");
  for (const char* header :
       {"Cache-Control: no-store", "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
        "Referrer-Policy: no-referrer", "Content-Security-Policy: default-src 'none'"})
    EXPECT_THAT(got.headers, HasSubstr(header));
  const Answered posted = fetch({"/echo", "", "x"});
  EXPECT_THAT(posted.headers, HasSubstr("Cache-Control: max-age=60"));
  EXPECT_THAT(posted.headers, Not(HasSubstr("no-store")));
}

TEST_F(ServerTest, RefusesOtherMethodsAndAddresses) {
  start();
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(fetch({"/", "DELETE"}).status, 405);
  EXPECT_THAT(fetch({"/", "OPTIONS"}).headers, HasSubstr("Allow: "));
  EXPECT_EQ(fetch({"/", "BREW"}).status, 501);
  EXPECT_EQ(fetch({"/echo"}).status, 405);
}

TEST_F(ServerTest, AHandlerThatFailsTellsNothing) {
  start();
  const Answered got = get("/throws");
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, Not(HasSubstr("private")));
}

TEST_F(ServerTest, OneConnectionTakesManyRequestsAlsoSentAtOnce) {
  settings_.max_requests_per_connection = 3;
  start();
  RawClient client(port());
  ASSERT_TRUE(client.shake_hands());
  ASSERT_TRUE(client.send(k_get + k_get));
  client.read_until("hello");
  ASSERT_TRUE(client.send(k_get + k_get));
  const std::string rest = client.read_to_end();
  EXPECT_THAT(rest, HasSubstr("Connection: close"));
  EXPECT_EQ(server_->counters().requests, 3U);
  EXPECT_EQ(server_->counters().connections, 1U);
}

TEST_F(ServerTest, RefusesRequestsThatAreNone) {
  start();
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 "},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "HTTP/1.1 400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       "HTTP/1.1 400"},
  };
  for (const auto& [request, answer] : cases) {
    RawClient client(port());
    ASSERT_TRUE(client.shake_hands());
    client.send(request);
    const std::string got = client.read_to_end();
    EXPECT_THAT(got, StartsWith(answer)) << request;
    EXPECT_THAT(got, HasSubstr("Connection: close")) << request;
  }
  EXPECT_EQ(server_->counters().requests_malformed, std::size(cases));
}

TEST_F(ServerTest, RefusesWhatIsTooLarge) {
  settings_.max_header_size_bytes = 2000;
  settings_.max_body_size_bytes = 10'000;
  start();
  EXPECT_EQ(fetch({"/echo", "", std::string(10'000, 'x')}).status, 200);
  EXPECT_EQ(fetch({"/echo", "", std::string(10'001, 'x')}).status, 413);
  EXPECT_EQ(fetch({"/echo", "", std::string(3'000'000, 'x')}).status, 413) << "still being sent";
  EXPECT_EQ(fetch({"/echo", "", std::string(20'000, 'x'), {"Transfer-Encoding: chunked"}}).status, 413);
  EXPECT_EQ(get("/" + std::string(2100, 'x')).status, 431);
  EXPECT_EQ(fetch({"/", "", "", {"X: " + std::string(2100, 'x')}}).status, 431);
  EXPECT_EQ(server_->counters().requests_too_large, 5U);
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(ServerTest, SaysThatTheBodyMayCome) {
  start();
  EXPECT_EQ(fetch({"/echo", "", "body", {"Expect: 100-continue"}}).body, "body");
  RawClient client(port());
  ASSERT_TRUE(client.shake_hands());
  ASSERT_TRUE(
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  ASSERT_TRUE(client.send("body"));
  EXPECT_THAT(client.read_until("body"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, SlowSendersAreToldSo) {
  settings_.request_timeout = milliseconds(400);
  start();
  RawClient dripping(port());  // a byte at a time, never silent
  ASSERT_TRUE(dripping.shake_hands());
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && dripping.send("G")) std::this_thread::sleep_for(milliseconds(5));
  });
  EXPECT_TRUE(eventually([&] { return server_->counters().requests_too_slow == 1; }, seconds(3)));
  drip.request_stop();
  drip.join();
  EXPECT_THAT(dripping.read_to_end(), StartsWith("HTTP/1.1 408"));
  RawClient silent(port());  // in the body
  ASSERT_TRUE(silent.shake_hands());
  ASSERT_TRUE(silent.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo"));
  EXPECT_THAT(silent.read_to_end(), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, IdleConnectionsAndHandshakesEnd) {
  settings_.handshake_timeout = milliseconds(300);
  settings_.idle_timeout = milliseconds(300);
  start();
  RawClient mute(port());
  EXPECT_EQ(mute.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server_->counters().handshakes_failed == 1; }));
  RawClient idle(port());
  ASSERT_TRUE(idle.shake_hands());
  EXPECT_EQ(idle.read_to_end(), "");
  RawClient after(port());
  ASSERT_TRUE(after.shake_hands());
  ASSERT_TRUE(after.send(k_get));
  EXPECT_THAT(after.read_to_end(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, OneAddressDoesNotTakeEveryPlace) {
  settings_.max_connections_per_address = 3;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(port()));
    ASSERT_TRUE(clients.back()->shake_hands());
  }
  EXPECT_FALSE(RawClient(port()).shake_hands());
  EXPECT_TRUE(eventually([&] { return server_->counters().refused_too_many_of_address == 1; }));
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return server_->connections() == 2; }));
  EXPECT_TRUE(eventually([&] { return get("/").status == 200; }));
}

TEST_F(ServerTest, ThePlacesOfAllTogetherAreBounded) {
  settings_.max_connections = 2;
  start();
  RawClient first(port());
  RawClient second(port());
  ASSERT_TRUE(first.shake_hands());
  ASSERT_TRUE(second.shake_hands());
  EXPECT_FALSE(RawClient(port()).shake_hands());
  EXPECT_TRUE(eventually([&] { return server_->counters().refused_too_many == 1; }));
}

TEST_F(ServerTest, SpeaksOnlyGoodTls) {
  start();
  Asked old;
  old.tls11 = true;
  EXPECT_NE(fetch(old).error, "");
  RawClient plain(port());
  plain.send_plain(k_get);
  EXPECT_THAT(plain.read_to_end(), Not(HasSubstr("HTTP/")));
  RawClient garbage(port());
  garbage.send_plain(std::string(2000, '\x16'));
  garbage.read_to_end();
  EXPECT_TRUE(eventually([&] { return server_->counters().handshakes_failed == 3; }));
  Asked stranger;
  stranger.host = "other.example.org";
  EXPECT_NE(fetch(stranger).error, "") << "the certificate is for localhost";
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(ServerTest, PassesTheClientsCertificateOn) {
  settings_.ask_for_client_certificate = true;
  const Credentials client = self_signed("client.example.org");
  settings_.client_authorities_pem = client.certificate_pem;
  start();
  Asked asked{"/echo", "", "x"};
  EXPECT_EQ(fetch(asked).status, 200);
  EXPECT_TRUE(seen_.client_certificates_der.empty()) << "none is needed";
  asked.client = client;
  EXPECT_EQ(fetch(asked).status, 200);
  ASSERT_EQ(seen_.client_certificates_der.size(), 1U);
  EXPECT_TRUE(equal(seen_.client_certificates_der[0], client.certificate_der));
  // With its chain, the leaf first.
  RawClient raw(port());
  ASSERT_TRUE(raw.shake_hands(client.key_pem, client.certificate_pem));
  ASSERT_TRUE(raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\ny"));
  raw.read_until("y");
  ASSERT_EQ(seen_.client_certificates_der.size(), 1U);
}

TEST_F(ServerTest, DoesNotAskForACertificateByItself) {
  start();
  Asked asked{"/echo", "", "x"};
  asked.client = self_signed("client.example.org");
  EXPECT_EQ(fetch(asked).status, 200);
  EXPECT_TRUE(seen_.client_certificates_der.empty());
}

TEST_F(ServerTest, AnswersMayComeLaterFromAnotherThread) {
  start();
  auto got = std::async(std::launch::async, [&] { return get("/later"); });
  ASSERT_TRUE(eventually([&] { return kept() == 1; }));
  EXPECT_EQ(get("/").status, 200) << "others are served meanwhile";
  take_kept()(text_response(200, "late"));
  EXPECT_EQ(got.get().body, "late");
}

TEST_F(ServerTest, HandlersThatAreTooSlowAreNotWaitedFor) {
  settings_.handler_timeout = milliseconds(300);
  start();
  EXPECT_EQ(get("/later").status, 503);
  EXPECT_EQ(server_->counters().handlers_too_slow, 1U);
  take_kept()(text_response(200, "too late"));
  EXPECT_EQ(get("/").body, "hello");
}

TEST_F(ServerTest, StopsWhenWhatIsUnderWayIsDone) {
  start();
  const auto address = server_->address();
  RawClient idle(port());
  ASSERT_TRUE(idle.shake_hands());
  auto got = std::async(std::launch::async, [&] { return get("/later"); });
  ASSERT_TRUE(eventually([&] { return kept() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { server_->stop(seconds(10)); });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(stopped.wait_for(milliseconds(100)), std::future_status::timeout);
  EXPECT_THROW(RawClient client(address.port), std::exception) << "nobody new";
  take_kept()(text_response(200, "just in time"));
  const Answered answered = got.get();
  EXPECT_EQ(answered.body, "just in time");
  EXPECT_THAT(answered.headers, HasSubstr("Connection: close"));
  EXPECT_EQ(stopped.wait_for(seconds(5)), std::future_status::ready);
}

TEST_F(ServerTest, StopsAfterItsGrace) {
  start();
  auto got = std::async(std::launch::async, [&] { return get("/later"); });
  ASSERT_TRUE(eventually([&] { return kept() == 1; }));
  const auto begun = std::chrono::steady_clock::now();
  server_->stop(milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(3));
  EXPECT_NE(got.get().error, "");
  take_kept()(text_response(200, "nobody is there"));
}

TEST_F(ServerTest, TakesANewCertificateWhileItRuns) {
  start();
  EXPECT_FALSE(server_->use_credentials({own_.key_pem, "nonsense"}).ok());
  EXPECT_EQ(get("/").status, 200);
  const Credentials next = self_signed("localhost");
  ASSERT_TRUE(server_->use_credentials({next.key_pem, next.certificate_pem}).ok());
  EXPECT_NE(get("/").error, "");
  own_ = next;
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(ServerTest, ManyAtOnce) {
  settings_.threads = 2;
  start();
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(std::async(std::launch::async, [&] {
      int good = 0;
      for (int round = 0; round < 20; ++round) good += get("/").body == "hello" ? 1 : 0;
      return good;
    }));
  for (auto& client : clients) EXPECT_EQ(client.get(), 20);
}

TEST_F(ServerTest, SaysWhyItCannotStart) {
  start();
  settings_.listen = server_->address();
  EXPECT_THAT(Server::start(settings_, router_).error().reason, HasSubstr("cannot listen at 127.0.0.1:"));
  settings_.credentials.private_key_pem = self_signed("localhost").key_pem;
  EXPECT_FALSE(Server::start(settings_, router_).ok());
}

}  // namespace
}  // namespace ringway::enrolld_http
