// The watches of one client: a stream for each key, begun again with its resume token whenever it ends, and
// what it was told last. A client has no more keys than its peer lets it watch (docs/api.md: 1024).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/overlay/overlay_client/calls.hpp"

namespace ringway::overlay_client {

// Values that may be there at the end, by key.
using Expected = std::map<std::string, std::vector<std::string>>;

// What is wrong with these entries of a key; empty when they are one of the expected values.
std::string fault_of(const google::protobuf::RepeatedPtrField<v1::Entry>& entries,
                     const std::vector<std::string>& expected);

struct WatchCounts {
  int events = 0;                    // that were told
  int compacted = 0;                 // of these
  int vanished = 0;                  // of these: nothing is there any more
  int went_back = 0;                 // of these: an older value than the one before
  int resumed = 0;                   // streams that the client itself has ended, to go on with the token
  std::map<std::string, int> ended;  // streams that the peer has ended, by its reasons

  void add(const WatchCounts& other);
};

class Watches {
 public:
  Watches(const std::string& api, const std::vector<std::string>& keys);
  ~Watches();
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;

  // What is wrong with the last state that each key's stream has told.
  std::map<std::string, std::string> missed(const Expected& expected) const;
  WatchCounts counts() const;

 private:
  class Stream;
  void keep_open(const std::stop_token& stop);

  std::unique_ptr<v1::Overlay::Stub> stub_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::jthread keeper_;  // the last member: it uses the others
};

}  // namespace ringway::overlay_client
