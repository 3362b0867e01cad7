#include "sip-usage/message/header_lines.hpp"

#include <array>
#include <utility>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip {
namespace {

constexpr std::string_view k_line_end = "\r\n";
constexpr std::string_view k_header_end = "\r\n\r\n";

constexpr std::array<std::pair<std::string_view, std::string_view>, 19> k_compact_forms = {{
    {"a", "Accept-Contact"},
    {"b", "Referred-By"},
    {"c", "Content-Type"},
    {"d", "Request-Disposition"},
    {"e", "Content-Encoding"},
    {"f", "From"},
    {"i", "Call-ID"},
    {"j", "Reject-Contact"},
    {"k", "Supported"},
    {"l", "Content-Length"},
    {"m", "Contact"},
    {"n", "Identity-Info"},
    {"o", "Event"},
    {"r", "Refer-To"},
    {"s", "Subject"},
    {"t", "To"},
    {"u", "Allow-Events"},
    {"v", "Via"},
    {"x", "Session-Expires"},
}};

bool is_folded(std::string_view line) {
  return !line.empty() && (line.front() == ' ' || line.front() == '\t');
}

// A NUL is legal only as part of a quoted pair (§25.1).
bool has_stray_nul(std::string_view line) {
  for (auto at = line.find('\0'); at != std::string_view::npos; at = line.find('\0', at + 1))
    if (at == 0 || line[at - 1] != '\\') return true;
  return false;
}

Result<HeaderField> read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return Failure{"a header line without a colon"};
  const auto name = trimmed(line.substr(0, colon));
  if (!is_token(name)) return Failure{"a header field whose name is no token"};
  return HeaderField{std::string(long_form(name)), std::string(trimmed(line.substr(colon + 1)))};
}

}  // namespace

std::string_view long_form(std::string_view name) {
  if (name.size() != 1) return name;
  for (const auto& [compact, full] : k_compact_forms)
    if (same_ignoring_case(name, compact)) return full;
  return name;
}

std::optional<std::size_t> header_size_bytes(std::string_view octets) {
  const auto end = octets.find(k_header_end);
  if (end == std::string_view::npos) return std::nullopt;
  return end + k_header_end.size();
}

Result<HeaderLines> read_header_lines(std::string_view octets) {
  const auto size_bytes = header_size_bytes(octets.substr(0, k_max_header_bytes + k_header_end.size()));
  if (!size_bytes) return Failure{"a header that does not end, or is too long"};
  HeaderLines out;
  out.body_at = *size_bytes;
  std::string_view rest = octets.substr(0, *size_bytes - k_line_end.size());
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const auto end = rest.find(k_line_end);
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + k_line_end.size());
    if (line.find('\r') != std::string_view::npos || line.find('\n') != std::string_view::npos)
      return Failure{"a line that ends with a bare CR or LF"};
    if (has_stray_nul(line)) return Failure{"a NUL in a header line"};
    if (is_folded(line) && lines.size() > 1) {
      lines.back() += ' ';
      lines.back() += trimmed(line);
      continue;
    }
    if (lines.size() > k_max_header_fields) return Failure{"more header fields than are read"};
    lines.emplace_back(line);
  }
  out.start_line = lines.empty() ? "" : std::move(lines.front());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto field = read_field(lines[i]);
    if (!field) return Failure{field.error().reason};
    out.fields.push_back(std::move(*field));
  }
  return out;
}

}  // namespace ringway::sip
