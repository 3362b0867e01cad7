// put, get, rm, stat.
#include <CLI/CLI.hpp>

#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ringway/v1/overlay.grpc.pb.h"
#include "services/ringway/commands.hpp"
#include "services/ringway/entries.hpp"

namespace ringway::services {
namespace {

struct PutOptions {
  std::string key, entry, file, as_user;
  std::optional<std::string> value;
  std::uint32_t lifetime_s = 0;
  std::optional<std::uint64_t> generation;
  bool keep = false;
};
struct GetOptions {
  std::string key, output, writer;
  std::optional<std::string> entry;
  v1::Consistency consistency = v1::CONSISTENCY_ONE;
  bool verbose = false;
};

// read() keeps a stream's exceptions to itself, as an istreambuf_iterator does not.
bool read_all(std::istream& in, std::string& into) {
  std::array<char, 64 << 10> block;
  errno = 0;
  do {
    in.read(block.data(), block.size());
    into.append(block.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  return !in.bad();
}

// What to exit with.
int read_value(const PutOptions& options, const Session& session, std::string& into) {
  if (options.value && !options.file.empty()) {
    return session.fail(k_exit_usage, "give a value or --file, not both");
  }
  if (options.value) {
    into = *options.value;
    return k_exit_ok;
  }
  if (options.file.empty() || options.file == "-") {
    return read_all(session.in, into) ? k_exit_ok : session.fail_reading("standard input");
  }
  std::ifstream file(options.file, std::ios::binary);
  if (!file) return session.fail(k_exit_usage, "cannot read " + options.file + ": " + std::strerror(errno));
  return read_all(file, into) ? k_exit_ok : session.fail_reading(options.file);
}

template <typename Response>
Json written_json(const std::string& key, const Response& response) {
  Json replicas = Json::array();
  for (const auto& node : response.replicas()) replicas.push_back(node);
  return {{"key", key},
          {"generation", response.generation()},
          {"copies", response.copies()},
          {"copies_wanted", response.copies_wanted()},
          {"replicas", std::move(replicas)},
          {"storage_time_ms", response.storage_time_ms()}};
}

// "stored: generation 3, 3 copies"
template <typename Response>
int print_written(const Session& session, const char* verb, const std::string& key,
                  const Response& response) {
  if (session.json) {
    session.print(written_json(key, response));
    return k_exit_ok;
  }
  session.out << verb << ": generation " << response.generation() << ", " << response.copies()
              << (response.copies() == 1 ? " copy" : " copies");
  if (response.copies() < response.copies_wanted()) {
    session.out << " of " << response.copies_wanted()
                << " wanted (the ring has too few peers, or is mending)";
  }
  session.out << '\n';
  return k_exit_ok;
}

int put(const Session& session, const PutOptions& options) {
  std::string value;
  if (const int failed = read_value(options, session, value); failed != k_exit_ok) return failed;
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::PutRequest request;
  request.set_key(options.key);
  request.set_entry(options.entry);
  request.set_value(std::move(value));
  request.set_lifetime_s(options.lifetime_s);
  request.set_as_user(options.as_user);
  request.set_keep(options.keep);
  if (options.generation) request.set_expected_generation(*options.generation);
  v1::PutResponse response;
  const auto context = session.context();
  const auto status = v1::Overlay::NewStub(channel)->Put(context.get(), request, &response);
  return status.ok() ? print_written(session, "stored", options.key, response)
                     : session.fail(status, *context);
}

int remove(const Session& session, const PutOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::RemoveRequest request;
  request.set_key(options.key);
  request.set_entry(options.entry);
  request.set_as_user(options.as_user);
  if (options.generation) request.set_expected_generation(*options.generation);
  v1::RemoveResponse response;
  const auto context = session.context();
  const auto status = v1::Overlay::NewStub(channel)->Remove(context.get(), request, &response);
  return status.ok() ? print_written(session, "removed", options.key, response)
                     : session.fail(status, *context);
}

int write_file(const Session& session, const std::string& path, const std::string& value) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(value.data(), static_cast<std::streamsize>(value.size()));
  out.close();
  return out ? k_exit_ok : session.fail(k_exit_failed, "cannot write " + path);
}

// One entry: its bytes as they are, so that they can be piped; a terminal gets a line's end besides.
void print_value(const Session& session, const std::string& value) {
  session.out.write(value.data(), static_cast<std::streamsize>(value.size()));
  const bool terminal = &session.out == &std::cout && ::isatty(STDOUT_FILENO) == 1;
  if (terminal && (value.empty() || value.back() != '\n')) session.out << '\n';
}

// What is not as it should be; the values themselves are good.
void print_doubts(const Session& session, const std::vector<v1::Entry>& entries, std::uint32_t discarded) {
  if (discarded > 0) {
    session.err << "ringway: " << discarded << " values were left out: their signature or writer is wrong\n";
  }
  std::string older;
  for (const auto& entry : entries) {
    if (entry.rolled_back()) older += (older.empty() ? "" : ", ") + label_of(entry);
  }
  if (older.empty()) return;
  session.err
      << "ringway: older than what this peer has read before: " << older
      << " (what was newer was never acknowledged and is lost, or has expired, or its holder hides it)\n";
}

int print_got(const Session& session, const GetOptions& options, const v1::GetResponse& response) {
  std::vector<v1::Entry> entries;
  for (const auto& entry : response.entries()) {
    if (options.writer.empty() || entry.writer() == options.writer) entries.push_back(entry);
  }
  if (entries.empty()) return session.fail(k_exit_not_found, options.writer + " has written nothing there");
  if (!options.output.empty()) {
    if (entries.size() > 1) {
      return session.fail(k_exit_usage, "there are " + std::to_string(entries.size()) +
                                            " entries: choose one with --entry or --writer for --output");
    }
    if (const int failed = write_file(session, options.output, entries.front().value()); failed != 0)
      return failed;
  }
  if (session.json) {
    Json list = Json::array();
    for (const auto& entry : entries) list.push_back(entry_json(entry));
    session.print({{"key", options.key},
                   {"generation", response.generation()},
                   {"entries", std::move(list)},
                   {"discarded", response.discarded()}});
    return k_exit_ok;
  }
  print_doubts(session, entries, response.discarded());
  if (entries.size() > 1) {
    print_entries(session, entries, options.verbose);
    return k_exit_ok;
  }
  if (options.output.empty()) print_value(session, entries.front().value());
  if (options.verbose) {
    session.err << "generation " << response.generation() << ", ";
    print_writer(session.err, entries.front());
  }
  return k_exit_ok;
}

int get(const Session& session, const GetOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::GetRequest request;
  request.set_key(options.key);
  if (options.entry) request.set_entry(*options.entry);
  request.set_consistency(options.consistency);
  v1::GetResponse response;
  const auto context = session.context();
  const auto status = v1::Overlay::NewStub(channel)->Get(context.get(), request, &response);
  return status.ok() ? print_got(session, options, response) : session.fail(status, *context);
}

void print_stat(const Session& session, const std::string& key, const v1::StatResponse& response) {
  if (session.json) {
    Json list = Json::array();
    for (const auto& entry : response.entries()) {
      Json one{{"entry", entry.entry()},
               {"size_bytes", entry.size_bytes()},
               {"storage_time_ms", entry.storage_time_ms()},
               {"lifetime_s", entry.lifetime_s()}};
      if (!entry.writer_node().empty()) one["writer_node"] = entry.writer_node();
      list.push_back(std::move(one));
    }
    session.print({{"key", key}, {"generation", response.generation()}, {"entries", std::move(list)}});
    return;
  }
  session.out << printable(key) << ": generation " << response.generation() << '\n';
  for (const auto& entry : response.entries()) {
    const std::string name = !entry.writer_node().empty() ? entry.writer_node()
                             : entry.entry().empty()      ? "(usual entry)"
                                                          : printable(entry.entry());
    session.out << "  " << name << ": " << entry.size_bytes() << " bytes, written "
                << time_text(entry.storage_time_ms()) << ", expires in " << duration_text(entry.lifetime_s())
                << '\n';
  }
}

int stat(const Session& session, const std::string& key) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::StatRequest request;
  request.set_key(key);
  v1::StatResponse response;
  const auto context = session.context();
  const auto status = v1::Overlay::NewStub(channel)->Stat(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  print_stat(session, key, response);
  return k_exit_ok;
}

void add_generation(CLI::App& command, PutOptions& options) {
  command.add_option(
      "-g,--generation", options.generation,
      "Only if the key's generation is this one (compare-and-swap); it comes with get, put and stat");
}

void add_user(CLI::App& command, PutOptions& options) {
  command
      .add_option(
          "--as", options.as_user,
          "Write as this user, whose credentials the peer holds, if its policy lets us; the peer's own "
          "user if not given")
      ->check(utf8_text())
      ->type_name("USER");
}

}  // namespace

void add_put(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<PutOptions>();
  auto* command =
      app.add_subcommand("put", "Store a value, signed by the peer's user or, with --as, by another");
  command->add_option("key", options->key, k_key_help)->required()->check(utf8_text());
  command->add_option("value", options->value,
                      "The value; without it and --file it is read from standard input");
  command->add_option("-f,--file", options->file, "Read the value from this file, - for standard input")
      ->type_name("FILE");
  command
      ->add_option("-e,--entry", options->entry, "Which entry of an owner's key; the usual one has no name")
      ->check(utf8_text());
  command
      ->add_option("-l,--lifetime", options->lifetime_s,
                   "How long it lives: 90, 15m, 12h, 7d (a day if not given)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint32_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}))
      ->type_name("TIME");
  command->add_flag(
      "-k,--keep", options->keep,
      "The peer puts it again before its lifetime ends, until it is removed or put without this");
  add_generation(*command, *options);
  add_user(*command, *options);
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return put(session, *options); }; });
}

void add_get(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<GetOptions>();
  auto* command = app.add_subcommand("get", "Read a value, its signature checked by the peer");
  command->add_option("key", options->key, k_key_help)->required()->check(utf8_text());
  command
      ->add_option("-e,--entry", options->entry, "Only this entry of an owner's key; \"\" is the usual one")
      ->check(utf8_text());
  const std::map<std::string, v1::Consistency> consistencies{{"one", v1::CONSISTENCY_ONE},
                                                             {"quorum", v1::CONSISTENCY_QUORUM},
                                                             {"disjoint", v1::CONSISTENCY_DISJOINT}};
  command
      ->add_option("--consistency", options->consistency,
                   "How many holders are asked: one, a quorum of them (the newest value wins), or all, along "
                   "disjoint ways through the ring (no single peer can hide a value)")
      ->transform(CLI::CheckedTransformer(consistencies).description("{one,quorum,disjoint}"))
      ->type_name("");
  command->add_option("-w,--writer", options->writer, "Only what this user has written");
  command->add_option("-o,--output", options->output, "Write the value to this file")->type_name("FILE");
  command->add_flag("-v,--verbose", options->verbose, "Say who wrote it and when");
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return get(session, *options); }; });
}

void add_remove(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<PutOptions>();
  auto* command = app.add_subcommand("rm", "Remove a value (of shared keys: the one that this peer wrote)");
  command->add_option("key", options->key, k_key_help)->required()->check(utf8_text());
  command
      ->add_option("-e,--entry", options->entry, "Which entry of an owner's key; the usual one has no name")
      ->check(utf8_text());
  add_generation(*command, *options);
  add_user(*command, *options);
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return remove(session, *options); }; });
}

void add_stat(CLI::App& app, Session& session, Action& chosen) {
  auto key = std::make_shared<std::string>();
  auto* command = app.add_subcommand("stat", "Show what is stored at a key, without the values");
  command->add_option("key", *key, k_key_help)->required()->check(utf8_text());
  command->callback([key, &session, &chosen] { chosen = [key, &session] { return stat(session, *key); }; });
}

}  // namespace ringway::services
