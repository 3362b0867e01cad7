#include "sim/scenario/grammar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace ringway::sim {

namespace {

constexpr std::array k_rules = std::to_array<Rule>({
    {Verb::keep_replicas, "keep <count> replicas",
     "of each value, besides the responsible peer's: from the first peer on"},
    {Verb::begin_with, "begin with <count>",
     "a ring of so many peers that none has joined by a message; before all others"},
    {Verb::join, "join <count>", "new peers start at once; goes on when all are in one ring"},
    {Verb::join_within, "join <count> within <time>", "new peers start evenly over that time"},
    {Verb::grow, "grow to <count>",
     "new peers start, for every sixteen that are in the ring one at once; goes on when there are so many"},
    {Verb::crash, "crash <count> [adjacent] [silently] [losing their disks]",
     "peers end at one moment; silently: as when their machines lose power, nobody is told"},
    {Verb::crash_share, "crash <share> [silently] [losing their disks]", "the same for a share of all"},
    {Verb::crash_peer, "crash peer <peer> [silently] [losing its disk]",
     "the same for one, by its number: the first that joined is 0"},
    {Verb::restart_crashed, "restart the crashed",
     "whoever has crashed starts again, with what its disk has"},
    {Verb::restart_all, "restart all one by one [every <time>]",
     "each peer ends, starts again, and is back in the ring before the next ends"},
    {Verb::leave, "leave <count>", "peers leave as RFC 6940 §10.9 says; goes on when they have gone"},
    {Verb::partition, "partition a b [alternating]",
     "two halves do not reach each other: two stretches of the ring, or every other peer"},
    {Verb::cut, "cut <share> one way", "what goes from these peers to the others does not arrive"},
    {Verb::heal, "heal", "ends every partition and every cut"},
    {Verb::lose_messages, "lose <share> of messages", "they never come, although links are streams"},
    {Verb::lose_packets, "lose <share> of packets", "their messages come later"},
    {Verb::duplicate, "duplicate <share> of messages", "they come twice"},
    {Verb::reorder, "reorder <share> of messages", "others overtake them"},
    {Verb::skew, "skew clocks by up to <time>",
     "each peer's wall clock is wrong, some ahead and some behind"},
    {Verb::slow_disks, "slow the disks of <share> to <time>", "a commit takes so long there"},
    {Verb::fill_disks, "fill the disks of <share>", "commits fail there"},
    {Verb::refuse_reads, "refuse reads on the disks of <share>",
     "nothing that is stored can be read there for a time"},
    {Verb::mend_disks, "mend all disks", "ends these three"},
    {Verb::damage, "damage <count> records",
     "a disk gives other bytes for them than were written: one copy of a value each"},
    {Verb::damage_blocks, "damage <count> blocks",
     "a disk gives nothing of a few values that stand side by side, nor which they were: one copy of each"},
    {Verb::let_drop, "let <share> drop", "these peers pass on nothing for others"},
    {Verb::let_lie, "let <share> lie", "these peers say that they hold nothing"},
    {Verb::let_be_honest, "let all be honest", "ends both"},
    {Verb::churn, "churn with sessions of <time> for <time> [with <count> lookups a second]",
     "peers crash after that time in the mean, and for each a new one joins"},
    {Verb::put, "put <count> values", "new keys; each is tried until it is acknowledged"},
    {Verb::put_large, "put <count> large keys",
     "new keys, by four writers each, which one message has no room for"},
    {Verb::change, "change <count> values",
     "values that were acknowledged are written again by their writers"},
    {Verb::swap, "swap <count> values",
     "two peers at once read a key's generation and write with it: at most one is acknowledged"},
    {Verb::get, "get every value", "each is read once; what was read must have been written"},
    {Verb::watch, "watch <count> keys",
     "that many keys with a value, each by some peer, until the peer ends"},
    {Verb::read_one, "read from one",
     "from now on values are read from the responsible peer, as at the beginning"},
    {Verb::read_quorum, "read by quorum", "from now on they are read from it and its replicas"},
    {Verb::read_disjoint, "read on disjoint ways", "and over first hops that have nothing in common"},
    {Verb::look_up, "look up <count> keys", "random points of the ring, from random peers"},
    {Verb::run, "run <time>", "time passes"},
    {Verb::expect_ring, "expect one ring [within <time>]",
     "every peer knows its three neighbours on each side (5min are given), and each key has one peer"},
    {Verb::expect_every_value, "expect every value [within <time>]",
     "each is read: as it was acknowledged last, or newer"},
    {Verb::expect_at_owner, "expect every value at its peer",
     "the responsible peer itself has on disk what was acknowledged"},
    {Verb::expect_no_damage, "expect no damage [within <time>]",
     "every peer can read all that is on its disk again"},
    {Verb::expect_values, "expect <share> of values", "the same for that share, at least"},
    {Verb::expect_watchers, "expect every watcher to know [within <time>]",
     "each has been told what was acknowledged last; 30s are given"},
    {Verb::expect_lookups, "expect <share> of lookups",
     "so many reached the responsible peer, of those since this was asked last"},
    {Verb::expect_hops, "expect at most <count> hops a lookup", "the mean of all lookups"},
    {Verb::expect_messages, "expect at most <count> messages a lookup",
     "sent during the last \"look up\", upkeep too, for each lookup"},
    {Verb::expect_maintenance, "expect at most <count> messages a peer and minute",
     "sent during the last \"run\", the mean of all peers"},
});

enum class PartKind { word, hole, open, close };
struct Part {
  PartKind kind;
  std::string_view text;
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const auto length = std::min(text.find_first_of(" \t\r"), text.size());
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::vector<Part> parts_of(std::string_view pattern) {
  std::vector<Part> parts;
  for (std::string_view word : words_of(pattern)) {
    if (word.starts_with('[')) {
      parts.push_back({PartKind::open, {}});
      word.remove_prefix(1);
    }
    const bool closes = word.ends_with(']');
    if (closes) word.remove_suffix(1);
    parts.push_back({word.starts_with('<') ? PartKind::hole : PartKind::word, word});
    if (closes) parts.push_back({PartKind::close, {}});
  }
  return parts;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array k_units =
    std::to_array<Unit>({{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}});
constexpr std::int64_t k_max_count = 2'000'000;
constexpr std::int64_t k_max_time_ms = 30LL * 86'400'000;

std::optional<std::int64_t> read_share(std::string_view text) {
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc{} || std::string_view(end, text.data() + text.size()) != "%") return std::nullopt;
  if (!(percent >= 0 && percent <= 100)) return std::nullopt;
  return static_cast<std::int64_t>(percent * 1000 + 0.5);
}

std::optional<std::int64_t> read_value(std::string_view hole, std::string_view text) {
  if (hole == "<share>") return read_share(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, text.data() + text.size());
  if (error != std::errc{} || number < 0 || number > k_max_time_ms) return std::nullopt;
  if (hole != "<time>") return rest.empty() && number <= k_max_count ? std::optional{number} : std::nullopt;
  for (const Unit& unit : k_units)
    if (rest == unit.name && number <= k_max_time_ms / unit.ms) return number * unit.ms;
  return std::nullopt;
}

std::string write_value(std::string_view hole, std::int64_t value) {
  if (hole == "<share>") {
    std::string text = std::to_string(value / 1000);
    if (value % 1000 != 0) text += "." + std::to_string(1000 + value % 1000).substr(1);
    while (text.find('.') != std::string::npos && text.back() == '0') text.pop_back();
    return text + "%";
  }
  if (hole != "<time>") return std::to_string(value);
  for (const Unit& unit : k_units)
    if (value >= unit.ms && value % unit.ms == 0)
      return std::to_string(value / unit.ms) + std::string(unit.name);
  return "0s";
}

std::string_view expected_in(std::string_view hole) {
  if (hole == "<share>") return "a share such as 20%";
  if (hole == "<time>") return "a time such as 500ms, 30s, 5min, 1h";
  return "a whole number up to 2000000";
}

// One rule tried on one line.
class Match {
 public:
  Match(const Rule& rule, const std::vector<std::string_view>& words)
      : parts_(parts_of(rule.pattern)), words_(words) {
    statement_.rule = &rule;
  }

  bool run() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const bool good = parts_[i].kind == PartKind::open ? take_optional(++i) : take(parts_[i]);
      if (!good) return false;
    }
    if (at_ == words_.size()) return true;
    reason_ = "'" + std::string(words_[at_]) + "' is too much";
    return false;
  }
  std::size_t reached() const { return at_; }
  const std::string& reason() const { return reason_; }
  Statement& statement() { return statement_; }

 private:
  bool take(const Part& part) {
    const bool there = at_ < words_.size();
    const std::string found = there ? "'" + std::string(words_[at_]) + "'" : "the end of the line";
    if (part.kind == PartKind::word) {
      if (there && words_[at_] == part.text) return ++at_, true;
      reason_ = found + " instead of '" + std::string(part.text) + "'";
      return false;
    }
    const auto value = there ? read_value(part.text, words_[at_]) : std::nullopt;
    if (!value) {
      reason_ = found + " instead of " + std::string(expected_in(part.text));
      return false;
    }
    ++at_;
    statement_.values.push_back(*value);
    return true;
  }

  // From the first element behind the bracket to the closing one. The first word decides whether it is there.
  bool take_optional(std::size_t& i) {
    const bool there = at_ < words_.size() && words_[at_] == parts_[i].text;
    statement_.parts.push_back(there);
    for (; parts_[i].kind != PartKind::close; ++i) {
      if (there && !take(parts_[i])) return false;
      if (!there && parts_[i].kind == PartKind::hole) statement_.values.push_back(0);
    }
    return true;
  }

  std::vector<Part> parts_;
  const std::vector<std::string_view>& words_;
  std::size_t at_ = 0;
  std::string reason_;
  Statement statement_;
};

}  // namespace

std::span<const Rule> rules() { return k_rules; }

Result<Statement> parse_statement(std::string_view text) {
  const auto words = words_of(text);
  std::size_t furthest = 0;
  std::string reason = "no statement begins with '" + (words.empty() ? "" : std::string(words[0])) + "'";
  std::string_view pattern;
  for (const Rule& rule : k_rules) {
    Match match(rule, words);
    if (match.run()) return std::move(match.statement());
    if (match.reached() <= furthest) continue;
    furthest = match.reached();
    reason = match.reason();
    pattern = rule.pattern;
  }
  if (!pattern.empty()) reason += " (" + std::string(pattern) + ")";
  return Failure{reason};
}

std::string text_of(const Statement& statement) {
  std::string text;
  std::size_t value = 0;
  std::size_t option = 0;
  bool shown = true;
  for (const Part& part : parts_of(statement.rule->pattern)) {
    if (part.kind == PartKind::open) {
      shown = statement.parts.at(option++);
    } else if (part.kind == PartKind::close) {
      shown = true;
    } else {
      const std::string written = part.kind == PartKind::hole
                                      ? write_value(part.text, statement.values.at(value++))
                                      : std::string(part.text);
      if (shown) text += (text.empty() ? "" : " ") + written;
    }
  }
  return text;
}

}  // namespace ringway::sim
