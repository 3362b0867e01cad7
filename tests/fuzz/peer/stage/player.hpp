// What a neighbour sends, as the script has it: a sample (samples.hpp), bent here and there.
//
// A step reads, in this order:
// - link: 1 byte, which of the neighbour's links
// - sample: 1 byte
// - header: 5 bytes for destination, via list, ttl, options and transaction (each 0: as usual), a few more
// for some
// - author: 1 byte (0: the neighbour itself)
// - fragments: 1 byte (0: whole), then 1 more
// - edits: 1 byte, their number, and 3 for each; then 1 byte for the end, with what belongs to it
#pragma once

#include "tests/fuzz/peer/stage/samples.hpp"
#include "tests/fuzz/peer/stage/stage.hpp"
#include "tests/fuzz/wire/check/check.hpp"

namespace ringway::fuzz {

// The last byte of edits, from these on: what happens to the end.
inline constexpr std::size_t k_cut_from = 200;
inline constexpr std::size_t k_lengthen_from = 220;
inline constexpr std::size_t k_replace_from = 240;

class Player {
 public:
  Player(Script& script, Stage& stage, std::size_t who) : script_(script), stage_(stage), who_(who) {}

  void hang_up();
  void raw();
  void send();
  void answer();

 private:
  std::optional<link::LinkId> some_link();
  Sample some_sample();
  Bytes edited(Bytes bytes);
  wire::ForwardingHeader some_header(const Words& said);
  wire::DestinationList some_destination(std::size_t which, const Words& said);
  wire::DestinationList some_via_list(std::size_t which);
  const Role& some_author();
  // Signs and sends, in one piece or two.
  void say(link::LinkId link, const wire::ForwardingHeader& header, const Role& author, const Words& said);

  Script& script_;
  Stage& stage_;
  std::size_t who_;
  bool critical_extension_ = false;
};

}  // namespace ringway::fuzz
