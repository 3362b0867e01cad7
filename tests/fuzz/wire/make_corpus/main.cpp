// Writes the seeds of the corpora of this folder: messages and structures as they really are.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "reload/wire/frame.hpp"
#include "tests/wire-vectors/known_kinds.hpp"
#include "tests/wire-vectors/random_structures.hpp"
#include "tests/wire-vectors/samples.hpp"
#include "tests/wire-vectors/structures.hpp"

namespace {

using namespace ringway;
namespace fs = std::filesystem;

constexpr int k_seeds_of_a_structure = 3;
constexpr std::size_t k_largest_seed_bytes = 400;

void write(const fs::path& file, BytesView bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text_of(bytes);
  if (!out.flush()) std::fprintf(stderr, "cannot write %s\n", file.c_str());
}

// The first byte is the structure's number.
template <typename T>
void structure(const fs::path& folder, std::uint8_t number, const std::string& name) {
  wire_vectors::Dice dice(number);
  for (int seed = 0; seed < k_seeds_of_a_structure;) {
    T value;
    roll(dice, value);
    Bytes bytes{number};
    append(bytes, wire::encode(value));
    if (bytes.size() <= k_largest_seed_bytes) write(folder / (name + "_" + std::to_string(seed++)), bytes);
  }
}

void messages(const fs::path& folder) {
  int number = 0;
  for (const Bytes& message : wire_vectors::messages()) {
    const std::string name = std::to_string(number++);
    write(folder / "wire_message" / name, message);
    if (number > 6) continue;
    write(folder / "wire_header" / name, message);
    write(folder / "wire_fragment" / name, message);
  }
}

void frames(const fs::path& folder) {
  Bytes stream{7};  // cut into pieces of 8 bytes
  int number = 0;
  for (const auto& packet : wire_vectors::packets()) {
    if (number >= 6) break;
    write(folder / "wire_frame" / std::to_string(number++), packet.packet);
    append(stream, packet.packet);
  }
  write(folder / "wire_frame" / "ack", wire::encode_ack({7, 3}));
  append(stream, wire::encode_ack({7, 3}));
  write(folder / "wire_frame_splitter" / "stream", stream);
}

// As reassembler.cpp reads it: flags, time, offset, count.
void fragments(const fs::path& folder) {
  write(folder / "wire_reassembler" / "two_parts", Bytes{0x10, 1, 0, 0, 10, 0x18, 1, 0, 160, 5});
  write(folder / "wire_reassembler" / "overlap",
        Bytes{0x00, 1, 0, 0, 100, 0x00, 1, 0, 50, 100, 0x08, 2, 0, 120, 90});
  write(folder / "wire_reassembler" / "two_messages",
        Bytes{0x01, 1, 0, 9, 9, 0x0A, 255, 0, 0, 1, 0x09, 1, 0, 0, 9});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: wire_corpus <folder of the corpora>\n");
    return 1;
  }
  const fs::path folder(argv[1]);
  std::uint8_t number = 0;
#define RINGWAY_SEED(name, T) structure<wire::T>(folder / "wire_structure", number++, #name);
  RINGWAY_WIRE_STRUCTURES(RINGWAY_SEED)
#undef RINGWAY_SEED
  messages(folder);
  frames(folder);
  fragments(folder);
  return 0;
}
