// Datagrams that anyone on the network may send to discovery.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reload/discovery/announcer.hpp"

namespace {

using namespace ringway;

void require(bool condition) {
  if (!condition) std::abort();
}

class Zero : public Random {
 public:
  std::uint64_t next() override { return 0; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  const auto said = discovery::decode(bytes);
  if (said) {
    require(said->addresses.size() <= discovery::k_max_announced_addresses);
    require(equal(SharedBytes(discovery::encode(*said)), bytes));
  }
  discovery::Announcer announcer({"overlay.example.org", {}}, std::make_shared<Zero>());
  announcer.start({0});
  announcer.receive({0}, {}, bytes);
  for (const auto& address : announcer.found()) require(discovery::can_be_a_peer(address));
  return 0;
}
