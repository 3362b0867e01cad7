#include "services/enrolld/http/router.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace ringway::enrolld_http {
namespace {

class RouterTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.add(Method::get, "/", answer_with("root"));
    router_.add(Method::get, "/confirm/{code}", [](const Request& request, const Responder& responder) {
      responder(text_response(200, "page of " + request.path_fields.at("code")));
    });
    router_.add(Method::post, "/confirm/{code}", answer_with("posted"));
    router_.add(Method::post, "/enrol", answer_with("enrolled"));
  }
  static Handler answer_with(const std::string& text) {
    return [text](const Request&, const Responder& responder) { responder(text_response(200, text)); };
  }
  Response ask(Method method, const std::string& path) const {
    std::optional<Response> answer;
    Request request;
    request.method = method;
    request.path = path;
    router_(request, Responder([&](Response response) { answer = std::move(response); }));
    return answer.value();
  }
  Router router_;
};

TEST_F(RouterTest, FindsTheRoute) {
  EXPECT_EQ(ask(Method::get, "/").body, "root");
  EXPECT_EQ(ask(Method::head, "/").body, "root");
  EXPECT_EQ(ask(Method::post, "/enrol").body, "enrolled");
  EXPECT_EQ(ask(Method::get, "/confirm/a%20b").body, "page of a b");
  EXPECT_EQ(ask(Method::post, "/confirm/x").body, "posted");
}

TEST_F(RouterTest, AnEncodedSlashIsNoSeparator) {
  EXPECT_EQ(ask(Method::get, "/confirm/a%2Fb").body, "page of a/b");
  EXPECT_EQ(ask(Method::get, "/confirm/a/b").status, 404U);
}

TEST_F(RouterTest, WhatIsNotThere) {
  for (const char* path : {"/nothing", "/enrol/", "//enrol", "/confirm", "/confirm/", "/ENROL"})
    EXPECT_EQ(ask(Method::post, path).status, 404U) << path;
  EXPECT_EQ(ask(Method::get, "/confirm/%00").status, 400U);
}

TEST_F(RouterTest, AnotherMethodIsToldWhichAreAllowed) {
  const Response get = ask(Method::get, "/enrol");
  EXPECT_EQ(get.status, 405U);
  EXPECT_EQ(find_header(get.headers, "allow"), "POST");
  const Response post = ask(Method::post, "/");
  EXPECT_EQ(post.status, 405U);
  EXPECT_EQ(find_header(post.headers, "Allow"), "GET, HEAD");
}

TEST(Responder, OnlyTheFirstAnswerCounts) {
  int answers = 0;
  std::string body;
  {
    const Responder responder([&](const Response& response) {
      ++answers;
      body = response.body;
    });
    const Responder copy(responder);
    copy(text_response(200, "first"));
    responder(text_response(200, "second"));
  }
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(body, "first");
}

TEST(Responder, AnswersWhenItIsForgotten) {
  unsigned status = 0;
  {
    const Responder responder([&](const Response& response) { status = response.status; });
  }
  EXPECT_EQ(status, 500U);
}

}  // namespace
}  // namespace ringway::enrolld_http
