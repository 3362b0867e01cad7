// NSD, a name server that is not ours, with the zone in example.zone, on a free port of loopback for as long
// as the test runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace ringway::net::dns::test {

class Nsd {
 public:
  // One for the process, started when it is first asked for. Throws when it does not start.
  static Nsd& shared();

  Nsd();
  ~Nsd();
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void start();
  bool is_up() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t server_ = -1;
};

}  // namespace ringway::net::dns::test
