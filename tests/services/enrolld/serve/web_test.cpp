// The HTTPS routes, without a socket: a request in, an answer out.
#include "services/enrolld/serve/web.hpp"

#include <future>
#include <nlohmann/json.hpp>

#include "services/enrolld/serve/http_enrolment.hpp"
#include "tests/services/enrolld/serve/desk_fixture.hpp"

namespace ringway::enrolld {
namespace {

using enrolld_http::find_header;
using enrolld_http::Request;
using enrolld_http::Response;
using testing::HasSubstr;
using testing::Not;

constexpr const char* k_alice = "alice@example.org";

struct Field {
  std::string name;
  std::string value;
  std::string content_type;
};

class WebTest : public DeskTest {
 protected:
  Response ask(Request request) {
    request.source = "192.0.2.1";
    const enrolld_http::Router router = make_routes(desk(), facts_);
    const auto promise = std::make_shared<std::promise<Response>>();
    auto answer = promise->get_future();
    router(std::move(request), enrolld_http::Responder([promise](Response response) {
             promise->set_value(std::move(response));
           }));
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) return {};
    return answer.get();
  }
  Response get(const std::string& path) {
    Request request;
    request.path = path;
    return ask(std::move(request));
  }
  Response post(const std::string& path) {
    Request request;
    request.method = enrolld_http::Method::post;
    request.path = path;
    return ask(std::move(request));
  }
  Response post_form(const std::vector<Field>& fields, std::vector<SharedBytes> certificates = {}) {
    Request request;
    request.method = enrolld_http::Method::post;
    request.path = "/enroll";
    request.headers = {{"Accept", "application/pkix-cert"},
                       {"Content-Type", "multipart/form-data; boundary=zzz"}};
    for (const Field& field : fields) {
      request.body += "--zzz\r\nContent-Disposition: form-data; name=\"" + field.name + "\"\r\n";
      if (!field.content_type.empty()) request.body += "Content-Type: " + field.content_type + "\r\n";
      request.body += "\r\n" + field.value + "\r\n";
    }
    request.body += "--zzz--\r\n";
    request.client_certificates_der = std::move(certificates);
    return ask(std::move(request));
  }
  Field csr_field(const services::Key& key) const {
    return {"csr", std::string(text_of(signing_request(key))), "application/pkcs10"};
  }
  std::string begin_by_mail() {
    const auto begun = post_form({{"username", k_alice, ""}, csr_field(key_)});
    EXPECT_EQ(begun.status, 403U);
    EXPECT_EQ(begun.body, "failed_authentication");
    return std::string(find_header(begun.headers, k_enrolment_header));
  }
  std::string link_of(const std::string& enrolment) const {
    return "/confirm/" + enrolment + "/" + mail_.of(enrolment).token;
  }

  WebFacts facts_{k_overlay, "enrol.example.org:6085", SharedBytes(Bytes{1, 2, 3})};
  const services::Key key_ = test::new_key();
};

TEST_F(WebTest, TheDocumentIsTheNewestOne) {
  const auto answer = get("/.well-known/reload-config");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/p2p-overlay+xml");
  EXPECT_EQ(answer.body, text_of(records().newest_document().value()->bytes));
}

// Whoever asks again and again does not read the database each time; another server's document is told when
// the memory of ours has passed.
TEST_F(WebTest, TheDocumentIsReadAgainWhenItsMemoryHasPassed) {
  const auto path = "/.well-known/reload-config";
  const std::string first = get(path).body;
  const Bytes next = made_elsewhere(static_cast<std::uint16_t>(newest()->sequence + 1));
  ASSERT_TRUE(registrar().adopt_document(next, caller_, k_now_ms).ok());
  constexpr auto k_remembered_ms = static_cast<WallMs>(DocumentMemory::k_remembered_for.count());
  now_ms_ = k_now_ms + k_remembered_ms - 1;
  EXPECT_EQ(get(path).body, first);
  now_ms_ = k_now_ms + k_remembered_ms;
  EXPECT_EQ(get(path).body, text_of(next));
  EXPECT_NE(first, text_of(next));
}

TEST_F(WebTest, AClockThatIsSetBackDoesNotKeepTheDocument) {
  const auto path = "/.well-known/reload-config";
  const std::string first = get(path).body;
  const Bytes next = made_elsewhere(static_cast<std::uint16_t>(newest()->sequence + 1));
  ASSERT_TRUE(registrar().adopt_document(next, caller_, k_now_ms).ok());
  now_ms_ = k_now_ms - 1;
  EXPECT_EQ(get(path).body, text_of(next));
}

TEST_F(WebTest, WhatThisServerRevokesIsInItsDocumentAtOnce) {
  const auto delivered = enrol(k_alice, key_);
  ASSERT_TRUE(delivered.ok());
  const NodeId node = delivered->nodes.front();
  EXPECT_THAT(get("/.well-known/reload-config").body, Not(HasSubstr(node.hex())));
  const Caller operators{"operator.sock", {}};
  ASSERT_TRUE(desk().revoke_node({Door::operators_socket, operators}, node, "stolen").ok());
  EXPECT_THAT(get("/.well-known/reload-config").body, HasSubstr(node.hex()));
}

TEST(DocumentMemoryTest, WhatCannotBeReadIsNotRemembered) {
  int reads = 0;
  bool broken = true;
  DocumentMemory memory([&]() -> Answer<Document> {
    ++reads;
    if (broken) return Refused{};
    return Document{1, 7, {}, 0};
  });
  EXPECT_FALSE(memory.get(5).ok());
  broken = false;
  EXPECT_EQ(memory.get(5).value()->sequence, 7U);
  EXPECT_EQ(memory.get(6).value()->sequence, 7U);
  EXPECT_EQ(reads, 2);
}

TEST(DocumentMemoryTest, WhatWasReadBeforeItChangedIsNotRemembered) {
  std::uint16_t sequence = 1;
  DocumentMemory* itself = nullptr;
  DocumentMemory memory([&]() -> Answer<Document> {
    Document read{1, sequence, {}, 0};
    if (sequence == 1) {  // somebody publishes while we are reading
      sequence = 2;
      itself->forget();
    }
    return read;
  });
  itself = &memory;
  EXPECT_TRUE(memory.get(5).ok());
  EXPECT_EQ(memory.get(5).value()->sequence, 2U);
}

TEST_F(WebTest, ProgramsAreToldHowToEnrol) {
  const auto answer = get("/.well-known/ringway-enrollment");
  EXPECT_EQ(answer.content_type, "application/json");
  const auto told = nlohmann::json::parse(answer.body);
  EXPECT_EQ(told["overlay"], k_overlay);
  EXPECT_EQ(told["grpc"], "enrol.example.org:6085");
  EXPECT_EQ(told["proofs"], nlohmann::json({"mail", "invitation", "password", "telephone"}));
  EXPECT_EQ(get("/issuing.cer").body, std::string("\1\2\3"));
}

TEST_F(WebTest, OpeningALinkProvesNothingAndItsButtonDoes) {
  const std::string enrolment = begin_by_mail();
  ASSERT_EQ(enrolment.size(), 32U);
  const std::vector<Field> again{{"username", k_alice, ""}, {"enrolment", enrolment, ""}, csr_field(key_)};
  const auto page = get(link_of(enrolment));
  EXPECT_EQ(page.status, 200U);
  EXPECT_THAT(page.body, HasSubstr(k_alice));
  EXPECT_THAT(page.body, HasSubstr("192.0.2.1"));
  EXPECT_THAT(page.body, HasSubstr("<form method=\"post\" action=\"" + link_of(enrolment) + "\">"));
  const auto early = post_form(again);
  EXPECT_EQ(early.status, 403U);
  EXPECT_EQ(find_header(early.headers, k_enrolment_header), enrolment);
  EXPECT_TRUE(records().list_devices(0, 9, k_alice).value().empty());

  EXPECT_THAT(post(link_of(enrolment)).body, HasSubstr("Confirmed"));
  const auto answer = post_form(again);
  EXPECT_EQ(answer.status, 200U) << answer.body;
  const auto certificate = security::Certificate::parse(SharedBytes(copy_of(view_of(answer.body)))).value();
  EXPECT_EQ(certificate->user_name(), k_alice);
  EXPECT_THAT(get(link_of(enrolment)).body, HasSubstr("Confirmed"));
  EXPECT_EQ(records().list_devices(0, 9, k_alice).value().size(), 1U);
}

TEST_F(WebTest, TheCodeOfAMailIsThePassword) {
  const std::string enrolment = begin_by_mail();
  const auto with_code = [&](const std::string& code) {
    return post_form(
        {{"username", k_alice, ""}, {"password", code, ""}, {"enrolment", enrolment, ""}, csr_field(key_)});
  };
  EXPECT_EQ(with_code("00000000").body, "failed_authentication");
  EXPECT_EQ(with_code(mail_.of(enrolment).code).status, 200U);
}

TEST_F(WebTest, ALinkThatIsNoneSaysSo) {
  const auto page = get("/confirm/" + std::string(32, '0') + "/nothing");
  EXPECT_EQ(page.status, 404U);
  EXPECT_THAT(page.body, HasSubstr("not good"));
  EXPECT_EQ(post("/confirm/" + std::string(32, '0') + "/nothing").status, 404U);
}

TEST_F(WebTest, APasswordIsAnInvitationWhenItLooksLikeOne) {
  const auto invited = registrar().invite(k_alice, 1, Duration{60'000}, caller_, k_now_ms);
  const std::string token(invited->token.reveal());
  EXPECT_EQ(post_form({{"username", k_alice, ""}, {"password", token, ""}, csr_field(key_)}).status, 200U);
  ASSERT_TRUE(registrar().set_password("bob@example.org", Secret("a good word"), k_now_ms));
  const auto other = csr_field(test::new_key());
  const std::string bob = "bob@example.org";
  EXPECT_EQ(post_form({{"username", bob, ""}, {"password", "another word", ""}, other}).body,
            "failed_authentication");
  EXPECT_EQ(post_form({{"username", bob, ""}, {"password", "a good word", ""}, other}).status, 200U);
}

TEST_F(WebTest, RefusalsAreTheTokensOfTheRfc) {
  // Shows: ENROLL-17.
  const auto password = Field{"password", "rwi_" + std::string(43, 'A'), ""};
  EXPECT_EQ(post_form({{"username", k_alice, ""}, password, csr_field(key_)}).body, "failed_authentication");
  EXPECT_EQ(post_form({password, csr_field(key_)}).body, "failed_authentication");
  EXPECT_EQ(post_form({{"username", "nobody", ""}, password, csr_field(key_)}).body,
            "username_not_available");
  EXPECT_EQ(post_form({{"username", k_alice, ""}, password, {"csr", "x", "application/pkcs10"}}).body,
            "bad_CSR");
  EXPECT_EQ(post_form({{"username", k_alice, ""}, password, {"nodeids", "99", ""}, csr_field(key_)}).body,
            "Node-IDs_not_available");
}

TEST_F(WebTest, WhatMayBeOtherwiseLaterIsNoRefusalOfTheRfc) {
  limits_.mails_to_name.most = 1;
  begin_by_mail();
  const auto answer = post_form({{"username", k_alice, ""}, csr_field(key_)});
  EXPECT_EQ(answer.status, 429U);
  EXPECT_GT(std::stol(std::string(find_header(answer.headers, "Retry-After"))), 0);
  mail_.set_full(true);
  const auto full = post_form({{"username", "bob@example.org", ""}, csr_field(key_)});
  EXPECT_EQ(full.status, 503U);
  EXPECT_EQ(find_header(full.headers, "Retry-After"), "10");
}

TEST_F(WebTest, WithoutRoomTheAnswerIsToComeAgain) {
  room_ = 0;
  const auto answer = get("/.well-known/reload-config");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(find_header(answer.headers, "Retry-After"), "2");
  EXPECT_EQ(get("/").status, 200U);
}

}  // namespace
}  // namespace ringway::enrolld
