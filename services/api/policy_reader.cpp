// Reading a policy (policy.hpp): JSON with comments. Nothing in it is passed over: a word that is not known
// may be a rule that was meant otherwise.
#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "reload/bytes.hpp"
#include "services/api/policy.hpp"

namespace ringway::services {
namespace {

using Json = nlohmann::json;

// Text that says in which line its reader is.
class LineCounter {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCounter() = default;
  LineCounter(const char* at, std::size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  LineCounter& operator++() {
    if (*at_ == '\n') ++*line_;
    ++at_;
    return *this;
  }
  LineCounter operator++(int) {
    const LineCounter before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCounter& other) const { return at_ == other.at_; }

 private:
  const char* at_ = nullptr;
  std::size_t* line_ = nullptr;
};

// The document, and where its parts are.
struct Parsed {
  Json document;
  std::size_t rules_line = 1;
  struct Rule {
    std::size_t line = 0;
    std::map<std::string, std::size_t> line_of;
  };
  std::vector<Rule> rules;
};

std::string at_line(std::size_t line) { return "line " + std::to_string(line) + ": "; }

// Without nlohmann's own prefix: "parse error at line 3, column 5: …".
std::string syntax_fault(const Json::parse_error& error) {
  const std::string what = error.what();
  const auto end = what.find("] ");
  return end == std::string::npos ? what : what.substr(end + 2);
}

Result<Parsed> parse_json(std::string_view text) {
  constexpr int k_rules_depth = 1;
  constexpr int k_rule_depth = 2;
  Parsed out;
  std::size_t line = 1;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  std::string twice;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& part) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
      if (depth == k_rule_depth) out.rules.push_back({line, {}});
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = part.get_ref<const std::string&>();
      if (!keys.back().insert(key).second && twice.empty())
        twice = at_line(line) + "\"" + key + "\" is there twice: which one is meant?";
      if (depth == k_rules_depth && key == "rules") out.rules_line = line;
      if (depth == k_rule_depth + 1 && !out.rules.empty()) out.rules.back().line_of.emplace(key, line);
    }
    return true;
  };
  try {
    out.document = Json::parse(LineCounter(text.data(), &line), LineCounter(text.data() + text.size(), &line),
                               watch, true, true);
  } catch (const Json::parse_error& error) {
    return Failure{syntax_fault(error)};
  }
  if (!twice.empty()) return Failure{std::move(twice)};
  return out;
}

std::string quoted(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string method_names() {
  std::string out;
  for (const auto& one : k_api_methods) out += (out.empty() ? "" : ", ") + std::string(one.name);
  return out;
}

// One rule of the document; the first thing in it that is not right ends its reading.
class RuleReader {
 public:
  RuleReader(const Json& json, const Parsed::Rule& place, std::string_view own_user)
      : json_(json), place_(place), own_user_(own_user) {}

  Result<PolicyRule> read() {
    if (!known(json_, {"name", "client", "methods", "as", "keys"}) || !read_name() || !read_client() ||
        !read_methods() || !read_users() || !read_keys())
      return Failure{fault_};
    return std::move(rule_);
  }

 private:
  bool fail(const std::string& part, const std::string& reason) {
    const auto found = place_.line_of.find(part);
    fault_ = at_line(found == place_.line_of.end() ? place_.line : found->second) + reason;
    return false;
  }

  bool known(const Json& object, std::initializer_list<std::string_view> names) {
    for (const auto& [key, value] : object.items()) {
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      std::string all;
      for (const auto name : names) all += (all.empty() ? "" : ", ") + std::string(name);
      return fail(key, "\"" + key + "\" is not known here; there are " + all);
    }
    return true;
  }

  bool read_name() {
    if (!json_.contains("name")) return true;
    if (!json_["name"].is_string()) return fail("name", "\"name\" is a text for people");
    rule_.name = json_["name"].get<std::string>();
    return true;
  }

  bool read_client() {
    const std::string expected =
        "\"client\" is an object with one of uid, certificate_sha256, certificate_subject";
    if (!json_.contains("client") || !json_["client"].is_object() || json_["client"].size() != 1)
      return fail("client", expected);
    const Json& client = json_["client"];
    const std::string how = client.begin().key();
    const Json& who = client.begin().value();
    if (how == "uid") return read_uid(who);
    if (how == "certificate_sha256") return read_sha256(who);
    if (how != "certificate_subject") return fail("client", expected + ", not " + how);
    if (!who.is_string() || who.get_ref<const std::string&>().empty())
      return fail("client", "certificate_subject is a text like \"CN=mail,O=Example\" (RFC 2253)");
    rule_.client = CertificateSubject{who.get<std::string>()};
    return true;
  }

  bool read_uid(const Json& who) {
    constexpr auto k_no_uid = std::numeric_limits<::uid_t>::max();  // (uid_t)-1
    if (!who.is_number_unsigned() || who.get<std::uint64_t>() >= k_no_uid)
      return fail("client", "uid is the number of a user, as `id -u NAME` says it, not " + quoted(who));
    rule_.client = SocketUser{who.get<::uid_t>()};
    return true;
  }

  bool read_sha256(const Json& who) {
    CertificateSha256 sha256;
    Bytes digest;
    std::string hex = who.is_string() ? who.get<std::string>() : "";
    std::erase(hex, ':');
    if (!from_hex(hex, digest) || digest.size() != sha256.digest.size()) {
      return fail("client",
                  "certificate_sha256 has 64 hex digits, as `openssl x509 -noout -fingerprint -sha256` "
                  "writes them, not " +
                      quoted(who));
    }
    std::copy(digest.begin(), digest.end(), sha256.digest.begin());
    rule_.client = sha256;
    return true;
  }

  // A list of texts that is not empty; null (and a fault) when it is none.
  const std::vector<std::string>* list(const std::string& part, const std::string& what) {
    const auto found = json_.find(part);
    const bool good =
        found != json_.end() && found->is_array() && !found->empty() &&
        std::all_of(found->begin(), found->end(), [](const Json& one) { return one.is_string(); });
    if (!good) {
      fail(part, "\"" + part + "\" is a list of " + what);
      return nullptr;
    }
    if (found->size() > k_max_policy_list) {
      fail(part, "\"" + part + "\" has more than " + std::to_string(k_max_policy_list) +
                     " entries: make two rules");
      return nullptr;
    }
    list_ = found->get<std::vector<std::string>>();
    return &list_;
  }

  bool read_methods() {
    const auto* names = list("methods", "methods: " + method_names());
    if (names == nullptr) return false;
    for (const std::string& name : *names) {
      const auto found = std::find_if(k_api_methods.begin(), k_api_methods.end(),
                                      [&](const ApiMethodTraits& one) { return one.name == name; });
      if (found == k_api_methods.end())
        return fail("methods", "\"" + name + "\" is no method; there are " + method_names());
      rule_.methods.set(static_cast<std::size_t>(found->method));
    }
    return true;
  }

  bool any_method(bool ApiMethodTraits::*which) const {
    return std::any_of(k_api_methods.begin(), k_api_methods.end(), [&](const ApiMethodTraits& one) {
      return one.*which && rule_.methods.test(static_cast<std::size_t>(one.method));
    });
  }

  bool read_users() {
    if (!any_method(&ApiMethodTraits::writes)) {
      return !json_.contains("as") ||
             fail("as", "\"as\" is for put, remove and register, which this rule does not allow");
    }
    const auto* users =
        list("as", "users to write as: user names, \"self\" (the peer's own), \"*\" (anyone)");
    if (users == nullptr) return false;
    for (const std::string& user : *users) {
      if (user == "self" || user == own_user_) {
        rule_.as_own_user = true;
      } else if (user == "*") {
        rule_.as_anybody = true;
      } else if (user.find('@') == std::string::npos) {
        return fail("as", "\"" + user + "\" is no user name: user@domain, \"self\" or \"*\"");
      } else {
        rule_.as_users.insert(user);
      }
    }
    return true;
  }

  bool read_keys() {
    if (!any_method(&ApiMethodTraits::has_key)) {
      return !json_.contains("keys") ||
             fail("keys", "\"keys\" is for put, get, remove and stat, which this rule does not allow");
    }
    const auto* prefixes = list("keys", "prefixes, like \"shared/\" or \"user@domain/\"; \"\" for every key");
    if (prefixes == nullptr) return false;
    for (const std::string& prefix : *prefixes) {
      // "alice@example.org" would let alice@example.organisation's keys in, too.
      if (!prefix.empty() && prefix.find('/') == std::string::npos)
        return fail("keys", "the prefix \"" + prefix + "\" needs the '/' that ends its owner's name: \"" +
                                prefix + "/\"");
      rule_.key_prefixes.push_back(prefix);
    }
    return true;
  }

  const Json& json_;
  const Parsed::Rule& place_;
  std::string_view own_user_;
  std::string fault_;
  std::vector<std::string> list_;
  PolicyRule rule_;
};

}  // namespace

Result<std::shared_ptr<const ApiPolicy>> ApiPolicy::parse(std::string_view json, std::string_view own_user) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  const Json& document = parsed->document;
  if (!document.is_object() || document.size() != 1 || !document.contains("rules") ||
      !document["rules"].is_array())
    return Failure{"a policy is {\"rules\": [ … ]} and nothing else"};
  const Json& rules = document["rules"];
  if (rules.size() > k_max_policy_rules) {
    return Failure{at_line(parsed->rules_line) + "there are more than " + std::to_string(k_max_policy_rules) +
                   " rules"};
  }
  auto out = std::make_shared<ApiPolicy>();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].is_object())
      return Failure{at_line(parsed->rules_line) + "rule " + std::to_string(i + 1) + " is no object"};
    auto rule = RuleReader(rules[i], parsed->rules[i], own_user).read();
    if (!rule) return rule.error();
    out->rules_.push_back(std::move(*rule));
  }
  if (out->socket_users().size() > k_max_policy_socket_users) {
    return Failure{"the rules name more than " + std::to_string(k_max_policy_socket_users) +
                   " users of the unix socket (uid)"};
  }
  return std::shared_ptr<const ApiPolicy>(std::move(out));
}

}  // namespace ringway::services
