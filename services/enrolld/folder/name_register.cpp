#include "services/enrolld/folder/name_register.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ringway::enrolld {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool read_node(const nlohmann::json& text, NodeId& out) {
  Bytes bytes;
  if (!text.is_string() || !from_hex(text.get<std::string>(), bytes) || bytes.size() != k_node_id_size_bytes)
    return false;
  out = as_node(ring_id_from(bytes));
  return true;
}

}  // namespace

Result<NameRegister> NameRegister::parse(std::string_view json) {
  const Failure damaged{"not a list of issued names"};
  const auto root = nlohmann::json::parse(json, nullptr, false);
  if (!root.is_object()) return damaged;
  NameRegister out;
  for (const auto& [user_name, nodes] : root.items()) {
    if (!nodes.is_array()) return damaged;
    auto& list = out.names_[user_name];
    for (const auto& node : nodes) {
      if (!read_node(node, list.emplace_back())) return damaged;
    }
  }
  return out;
}

std::string NameRegister::to_json() const {
  auto root = nlohmann::json::object();
  for (const auto& [user_name, nodes] : names_) {
    auto& list = root[user_name] = nlohmann::json::array();
    for (const NodeId& node : nodes) list.push_back(node.hex());
  }
  return root.dump(2) + "\n";
}

const std::vector<NodeId>* NameRegister::find(const std::string& user_name) const {
  const auto found = names_.find(user_name);
  return found == names_.end() ? nullptr : &found->second;
}

std::string NameRegister::lookalike(const std::string& user_name) const {
  const std::string wanted = lower_case(user_name);
  for (const auto& [other, nodes] : names_) {
    if (other != user_name && lower_case(other) == wanted) return other;
  }
  return {};
}

std::set<std::string> NameRegister::names() const {
  std::set<std::string> out;
  for (const auto& [name, nodes] : names_) out.insert(name);
  return out;
}

}  // namespace ringway::enrolld
