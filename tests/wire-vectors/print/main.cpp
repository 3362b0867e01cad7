// Prints the sample packets as JSON, with what a witness must see in each:   print_wire_vectors
// or writes the seeds of the fuzz targets, a folder for each:                print_wire_vectors DIRECTORY

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "reload/wire/fragment.hpp"
#include "reload/wire/frame.hpp"
#include "tests/wire-vectors/random_structures.hpp"
#include "tests/wire-vectors/samples.hpp"
#include "tests/wire-vectors/structures.hpp"

namespace {

using namespace ringway;

constexpr int k_random_seeds = 3;
using Corpora = std::map<std::string, std::vector<Bytes>>;

void print_packets() {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& sample : wire_vectors::packets()) {
    all.push_back({{"name", sample.name}, {"hex", to_hex(sample.packet)}, {"fields", sample.fields}});
  }
  std::puts(all.dump(1).c_str());
}

template <typename T>
void add_random(std::vector<Bytes>& corpus) {
  wire_vectors::Dice dice(corpus.size() + 100);
  for (int i = 0; i < k_random_seeds; ++i) {
    T structure{};
    wire_vectors::roll(dice, structure);
    corpus.push_back(wire::encode(structure));
  }
}

// The target that a body of this name ("store_req array") is a seed of.
std::string target_of(const std::string& sample_name) {
  static const std::map<std::string, std::string> others{
      {"attach_req", "attach"},         {"attach_ans", "attach"},       {"app_attach_req", "app_attach"},
      {"app_attach_ans", "app_attach"}, {"update_req", "chord_update"}, {"error", "error_response"}};
  const std::string message = sample_name.substr(0, sample_name.find(' '));
  const auto other = others.find(message);
  return "wire_" + (other == others.end() ? message : other->second);
}

Bytes with_start(std::initializer_list<std::uint8_t> start, BytesView rest) {
  Bytes out = start;
  append(out, rest);
  return out;
}

Corpora corpora() {
  Corpora out;
#define RINGWAY_ADD(target, T) add_random<wire::T>(out["wire_" #target]);
  RINGWAY_WIRE_STRUCTURES(RINGWAY_ADD)
#undef RINGWAY_ADD
  for (const auto& sample : wire_vectors::all_bodies()) out.at(target_of(sample.name)).push_back(sample.body);
  const std::vector<Bytes> messages = wire_vectors::messages();
  for (std::size_t i = 0; i < messages.size(); i += 9) {
    out["wire_header"].push_back(messages[i]);
    out["wire_message"].push_back(messages[i]);
  }
  const std::vector<wire_vectors::PacketSample> packets = wire_vectors::packets();
  out["wire_frame"] = {packets.front().packet, packets.back().packet};
  Bytes stream = wire::encode_ack({1, 2});
  append(stream, wire::data_frame_prefix(3, 2));
  append(stream, Bytes{0xAA, 0xBB});
  append(stream, wire::encode_ack({4, 5}));
  append(stream, wire::data_frame_prefix(6, 301));
  out["wire_frame_splitter"] = {with_start({0}, stream), with_start({6}, stream)};
  out["wire_fragment"] = {with_start({0x04, 0x00, 0x02, 0x00, 2, 1, 3, 60}, Bytes(40, 0x5A))};
  // Three parts of one message in two orders, then a contradiction; see the target for the layout.
  out["wire_reassembler"] = {{0x11, 0, 0, 0, 20, 0x11, 0, 1, 0x40, 20, 0x19, 0, 2, 0x80, 20},
                             {0x19, 0, 2, 0x80, 20, 0x11, 0, 0, 0, 40, 0x11, 9, 1, 0, 40},
                             {0x11, 0, 0, 0, 20, 0x31, 0, 0, 10, 20, 0x11, 200, 0, 0, 20}};
  return out;
}

void write_corpora(const std::filesystem::path& root) {
  for (const auto& [target, seeds] : corpora()) {
    std::filesystem::create_directories(root / target);
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      std::ofstream file(root / target / ("seed-" + std::to_string(i)), std::ios::binary);
      file << text_of(seeds[i]);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    write_corpora(argv[1]);
  } else {
    print_packets();
  }
}
