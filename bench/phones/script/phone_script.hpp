// A phone that is a script: it writes the requests and answers of calls as text, and looks for the few fields
// that it needs in what it gets. No parser of SIP, so that what a benchmark measures is the peer's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::bench {

// Of a message's first line: the method of a request, or the status of a response as text.
std::string_view method_of(std::string_view message);
std::string_view status_of(std::string_view message);
// The values of a field, each line for itself, in their order.
std::vector<std::string_view> fields(std::string_view message, std::string_view name);

class PhoneScript {
 public:
  // `address`: host and port; `transport` in capitals.
  PhoneScript(std::string user, std::string domain, std::string address, std::string transport);

  const std::string& address() const { return address_; }
  std::string aor() const { return "sip:" + user_ + '@' + domain_; }

  // Always of the same Contact and Call-ID. `authorization`: the field's value; empty: there is none.
  std::string register_request(unsigned expires_s, const std::string& authorization = {});
  std::string invite(const std::string& to);
  // With a Contact when it is a 1xx or 2xx; it repeats Record-Route.
  std::string answer(std::string_view request, unsigned status, std::string_view reason) const;
  // Within the dialog that this 2xx has begun.
  std::string ack(std::string_view ok);
  std::string bye(std::string_view ok);

 private:
  std::string via();
  std::string contact() const;
  std::string in_dialog(std::string_view ok, std::string_view method, unsigned cseq);

  std::string user_, domain_, address_, transport_;
  std::uint64_t last_branch_ = 0, last_call_ = 0;
  unsigned last_register_ = 0;
};

}  // namespace ringway::bench
