#include "bench/phones/script/phone_script.hpp"

#include <utility>

namespace ringway::bench {

namespace {

constexpr std::string_view k_sdp =
    "v=0\r\no=phone 1 1 IN IP4 192.0.2.99\r\ns=-\r\nc=IN IP4 192.0.2.99\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void end(std::string& out, std::string_view body) {
  if (!body.empty()) add(out, "Content-Type", "application/sdp");
  add(out, "Content-Length", std::to_string(body.size()));
  out.append("\r\n").append(body);
}

std::string_view first(std::string_view message, std::string_view name) {
  const auto all = fields(message, name);
  return all.empty() ? std::string_view() : all.front();
}

// "<sip:a@b>;x" and "sip:a@b" are sip:a@b.
std::string_view uri_of(std::string_view contact) {
  const auto open = contact.find('<');
  if (open == std::string_view::npos) return contact;
  return contact.substr(open + 1, contact.find('>', open) - open - 1);
}

}  // namespace

std::string_view method_of(std::string_view message) { return message.substr(0, message.find(' ')); }

std::string_view status_of(std::string_view message) {
  constexpr std::string_view k_version = "SIP/2.0 ";
  return message.starts_with(k_version) ? message.substr(k_version.size(), 3) : std::string_view();
}

std::vector<std::string_view> fields(std::string_view message, std::string_view name) {
  std::vector<std::string_view> out;
  for (std::size_t at = message.find("\r\n"); at != std::string_view::npos;) {
    const auto line_at = at + 2;
    at = message.find("\r\n", line_at);
    const auto line = message.substr(line_at, at - line_at);
    if (line.empty()) break;
    if (!line.starts_with(name) || line.substr(name.size(), 2) != ": ") continue;
    out.push_back(line.substr(name.size() + 2));
  }
  return out;
}

PhoneScript::PhoneScript(std::string user, std::string domain, std::string address, std::string transport)
    : user_(std::move(user)),
      domain_(std::move(domain)),
      address_(std::move(address)),
      transport_(std::move(transport)) {}

std::string PhoneScript::via() {
  return "SIP/2.0/" + transport_ + ' ' + address_ + ";rport;branch=z9hG4bK" + user_ +
         std::to_string(++last_branch_);
}

std::string PhoneScript::contact() const {
  std::string transport = transport_;
  for (char& each : transport)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return "<sip:" + user_ + '@' + address_ + ";transport=" + transport + '>';
}

std::string PhoneScript::register_request(unsigned expires_s, const std::string& authorization) {
  std::string out = "REGISTER sip:" + domain_ + " SIP/2.0\r\n";
  add(out, "Via", via());
  add(out, "Max-Forwards", "70");
  add(out, "To", '<' + aor() + '>');
  add(out, "From", '<' + aor() + ">;tag=" + user_);
  add(out, "Call-ID", "registration-of-" + user_ + '@' + address_);
  add(out, "CSeq", std::to_string(++last_register_) + " REGISTER");
  add(out, "Contact", contact() + ";expires=" + std::to_string(expires_s));
  add(out, "User-Agent", "Ringway's benchmark");
  if (!authorization.empty()) add(out, "Authorization", authorization);
  end(out, {});
  return out;
}

std::string PhoneScript::invite(const std::string& to) {
  std::string out = "INVITE " + to + " SIP/2.0\r\n";
  add(out, "Via", via());
  add(out, "Max-Forwards", "70");
  add(out, "To", '<' + to + '>');
  add(out, "From", '<' + aor() + ">;tag=from" + std::to_string(++last_call_));
  add(out, "Call-ID", "call-" + std::to_string(last_call_) + '-' + user_ + '@' + address_);
  add(out, "CSeq", "1 INVITE");
  add(out, "Contact", contact());
  add(out, "User-Agent", "Ringway's benchmark");
  add(out, "Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS");
  end(out, k_sdp);
  return out;
}

std::string PhoneScript::answer(std::string_view request, unsigned status, std::string_view reason) const {
  std::string out = "SIP/2.0 " + std::to_string(status) + ' ';
  out.append(reason).append("\r\n");
  for (const auto name : {"Via", "Record-Route", "From", "Call-ID", "CSeq"})
    for (const auto value : fields(request, name)) add(out, name, value);
  const auto to = first(request, "To");
  const bool has_tag = to.find(";tag=") != std::string_view::npos;
  add(out, "To", std::string(to) + (has_tag ? "" : ";tag=" + user_));
  const bool begins_dialog = status < 300 && method_of(request) == "INVITE";
  if (begins_dialog) add(out, "Contact", contact());
  end(out, begins_dialog && status >= 200 ? k_sdp : std::string_view());
  return out;
}

std::string PhoneScript::in_dialog(std::string_view ok, std::string_view method, unsigned cseq) {
  std::string out(method);
  out.append(" ").append(uri_of(first(ok, "Contact"))).append(" SIP/2.0\r\n");
  add(out, "Via", via());
  const auto routes = fields(ok, "Record-Route");
  for (auto route = routes.rbegin(); route != routes.rend(); ++route) add(out, "Route", *route);
  add(out, "Max-Forwards", "70");
  for (const auto name : {"To", "From", "Call-ID"}) add(out, name, first(ok, name));
  add(out, "CSeq", std::to_string(cseq) + ' ' + std::string(method));
  end(out, {});
  return out;
}

std::string PhoneScript::ack(std::string_view ok) { return in_dialog(ok, "ACK", 1); }
std::string PhoneScript::bye(std::string_view ok) { return in_dialog(ok, "BYE", 2); }

}  // namespace ringway::bench
