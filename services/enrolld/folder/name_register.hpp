// Which user names have been issued, and with which Node-IDs: a user who comes back keeps them (RFC 6940
// §11.3), and nobody else gets the name.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reload/ids.hpp"
#include "reload/result.hpp"

namespace ringway::enrolld {

class NameRegister {
 public:
  static Result<NameRegister> parse(std::string_view json);
  std::string to_json() const;

  // Null when nobody has the name.
  const std::vector<NodeId>* find(const std::string& user_name) const;
  // A name that people would take for this one: the same but for upper and lower case. Empty when there is
  // none.
  std::string lookalike(const std::string& user_name) const;
  std::set<std::string> names() const;
  void record(const std::string& user_name, std::vector<NodeId> nodes) {
    names_[user_name] = std::move(nodes);
  }

 private:
  std::map<std::string, std::vector<NodeId>> names_;
};

}  // namespace ringway::enrolld
