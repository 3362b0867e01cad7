// A WebSocket client of another make: that of Python (python3-websockets, of the system's own Python).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

constexpr const char* k_python = "timeout 20 /usr/bin/python3";
// Says what it is told, in one line.
constexpr const char* k_script = R"(
import asyncio, ssl, sys
import websockets

async def main(url, protocol, authorities):
    trusted = ssl.create_default_context(cafile=authorities) if url.startswith("wss:") else None
    try:
        async with websockets.connect(url, subprotocols=[protocol], ssl=trusted) as socket:
            said = ["open " + socket.subprotocol]
            await socket.send("OPTIONS \u00e4")
            said.append("text " + await socket.recv())
            await socket.send(bytes([255, 0, 254]))
            said.append("binary " + ",".join(str(octet) for octet in await socket.recv()))
        print("; ".join(said) + "; closed " + str(socket.close_code))
    except websockets.exceptions.InvalidStatusCode as refused:
        print("refused", refused.status_code)

sys.stdout.reconfigure(encoding="utf-8")
asyncio.run(main(*sys.argv[1:]))
)";

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::string text;
  std::array<char, 256> part{};
  while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) text += part.data();
  return text;
}

struct PhoneForeignClient : testing::Test {
  void SetUp() override { certificates.write(script(), k_script); }
  std::string script() const { return certificates.authorities_file() + ".py"; }
  std::string said(const std::string& url, const std::string& protocol) const {
    return output_of(std::string(k_python) + " '" + script() + "' '" + url + "' '" + protocol + "' '" +
                     certificates.authorities_file() + "' 2>&1");
  }

  IoPool pool{2};
  PhoneCertificates certificates;
};

TEST_F(PhoneForeignClient, SpeaksWithUsPlainAndSecure) {
  certificates.issue("localhost");
  Phones phones(pool, everywhere(certificates));
  phones.events().echo_to(&phones.transports());
  const std::string expected = "open sip; text OPTIONS \xc3\xa4; binary 255,0,254; closed 1000\n";
  EXPECT_EQ(said("ws://127.0.0.1:" + std::to_string(phones.at(Transport::ws).port) + "/", "sip"), expected);
  EXPECT_EQ(said("wss://localhost:" + std::to_string(phones.at(Transport::wss).port) + "/", "sip"), expected);
  EXPECT_EQ(phones.seen().ups.size(), 2U);
}

TEST_F(PhoneForeignClient, IsRefusedWithAnotherProtocol) {
  Phones phones(pool, everywhere(certificates));
  EXPECT_EQ(said("ws://127.0.0.1:" + std::to_string(phones.at(Transport::ws).port) + "/", "xmpp"),
            "refused 400\n");
  EXPECT_EQ(phones.transports().counters().refused_upgrades, 1U);
}

}  // namespace
}  // namespace ringway::net::phones::test
