// A WebSocket client of another make: that of Node.js, as in browsers (undici). Skipped where there is none.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

constexpr const char* k_node = "timeout 20 node --no-warnings --experimental-websocket";
// Says what it is told, in one line.
constexpr const char* k_script = R"(
const socket = new WebSocket(process.argv[2], [process.argv[3]]);
socket.binaryType = "arraybuffer";
const said = [];
socket.onopen = () => { said.push("open " + socket.protocol); socket.send("OPTIONS \u00e4"); };
socket.onmessage = (event) => {
  if (typeof event.data === "string") { said.push("text " + event.data); socket.send(new Uint8Array([255, 0, 254])); }
  else { said.push("binary " + new Uint8Array(event.data).join(",")); socket.close(1000, "done"); }
};
socket.onerror = () => { console.log("error"); process.exit(0); };
socket.onclose = (event) => { console.log(said.join("; ") + "; closed " + event.code + " " + event.reason); };
)";

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::string text;
  std::array<char, 256> part{};
  while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) text += part.data();
  return text;
}

struct PhoneForeignClient : testing::Test {
  void SetUp() override {
    if (output_of(std::string(k_node) + " -p 'typeof WebSocket' 2>/dev/null") != "function\n")
      GTEST_SKIP() << "no Node.js with WebSocket";
    certificates.write(script(), k_script);
  }
  std::string script() const { return certificates.authorities_file() + ".cjs"; }
  std::string said(const std::string& url, const std::string& protocol) const {
    return output_of("NODE_EXTRA_CA_CERTS='" + certificates.authorities_file() + "' " + k_node + " '" +
                     script() + "' '" + url + "' '" + protocol + "' 2>&1");
  }

  IoPool pool{2};
  PhoneCertificates certificates;
};

TEST_F(PhoneForeignClient, SpeaksWithUsPlainAndSecure) {
  certificates.issue("localhost");
  Phones phones(pool, everywhere(certificates));
  phones.events().echo_to(&phones.transports());
  const std::string expected = "open sip; text OPTIONS \xc3\xa4; binary 255,0,254; closed 1000 \n";
  EXPECT_EQ(said("ws://127.0.0.1:" + std::to_string(phones.at(Transport::ws).port) + "/", "sip"), expected);
  EXPECT_EQ(said("wss://localhost:" + std::to_string(phones.at(Transport::wss).port) + "/", "sip"), expected);
  EXPECT_EQ(phones.seen().ups.size(), 2U);
}

TEST_F(PhoneForeignClient, IsRefusedWithAnotherProtocol) {
  Phones phones(pool, everywhere(certificates));
  const std::string answer =
      said("ws://127.0.0.1:" + std::to_string(phones.at(Transport::ws).port) + "/", "xmpp");
  EXPECT_EQ(answer, "error\n");
  EXPECT_EQ(phones.transports().counters().refused_upgrades, 1U);
}

}  // namespace
}  // namespace ringway::net::phones::test
