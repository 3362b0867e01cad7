#include "services/enrolld/http/message.hpp"

#include <strings.h>

#include <atomic>
#include <utility>

namespace ringway::enrolld_http {

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers)
    if (header.name.size() == name.size() && strncasecmp(header.name.data(), name.data(), name.size()) == 0)
      return header.value;
  return {};
}

Response text_response(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text), {}};
}

class Responder::Once {
 public:
  explicit Once(Send send) : send_(std::move(send)) {}
  ~Once() { answer(text_response(500, "The server failed.\n")); }
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  void answer(Response response) {
    if (answered_.exchange(true)) return;
    const Send send = std::exchange(send_, nullptr);
    if (send) send(std::move(response));
  }

 private:
  std::atomic<bool> answered_{false};
  Send send_;
};

Responder::Responder(Send send) : once_(std::make_shared<Once>(std::move(send))) {}

void Responder::operator()(Response response) const { once_->answer(std::move(response)); }

}  // namespace ringway::enrolld_http
