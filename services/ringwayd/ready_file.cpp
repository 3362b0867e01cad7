#include "services/ringwayd/ready_file.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace ringway::services {

bool write_ready_file(const std::string& path, const std::vector<ReadyPeer>& peers) {
  nlohmann::ordered_json document{{"pid", ::getpid()}, {"peers", nlohmann::ordered_json::array()}};
  for (const ReadyPeer& peer : peers) {
    document["peers"].push_back({{"name", peer.name},
                                 {"node", peer.node},
                                 {"user", peer.user},
                                 {"listening_on", peer.listening_on},
                                 {"api", peer.api}});
    if (!peer.sip.empty()) document["peers"].back()["sip"] = peer.sip;
    if (!peer.relay.empty()) document["peers"].back()["relay"] = peer.relay;
  }
  const std::string half = path + ".part";
  std::ofstream out(half, std::ios::trunc);
  out << document.dump() << '\n';
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(half, path, failed);
  return out && !failed;
}

}  // namespace ringway::services
