// The file by which a program that has started ringwayd learns that its peers have joined, and where they
// are.
#pragma once

#include <string>
#include <vector>

namespace ringway::services {

struct ReadyPeer {
  std::string name, node, user, listening_on;
  std::vector<std::string> api;  // endpoints
  std::vector<std::string> sip;  // "udp:192.0.2.1:5060"
  std::vector<std::string> relay;
};
// Whoever waits for the file sees all of it or nothing. False: it could not be written.
bool write_ready_file(const std::string& path, const std::vector<ReadyPeer>& peers);

}  // namespace ringway::services
