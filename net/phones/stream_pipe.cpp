// TCP and TLS as pipes: bytes as they come.
#include <boost/asio/write.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "net/phones/phone_tls.hpp"
#include "net/phones/pipe.hpp"
#include "net/phones/stream_goodbye.hpp"

namespace ringway::net::phones {

namespace {

constexpr std::size_t k_read_bytes = 4096;
constexpr std::size_t k_messages_per_write = 64;

using Error = boost::system::error_code;

template <typename Stream>
class StreamPipe : public Pipe, public std::enable_shared_from_this<StreamPipe<Stream>> {
 public:
  StreamPipe(Socket socket, std::optional<Remote> remote)
      : stream_(std::move(socket)), remote_(std::move(remote)) {}
  explicit StreamPipe(TlsStream established) : stream_(std::move(established)), is_open_(true) {}
  StreamPipe(Socket socket, std::optional<Remote> remote, TlsContextPtr tls)
      : tls_(std::move(tls)), stream_(std::move(socket), *tls_), remote_(std::move(remote)) {}

  Socket& socket() override { return socket_of(stream_); }

  void open(Done done) override {
    if (is_open_) return done(ringway::Done{});
    if (!remote_) {
      tune(socket(), k_phone_probes);
      return shake_hands(std::move(done));
    }
    socket().async_connect(remote_->at,
                           [self = this->shared_from_this(), done = std::move(done)](const Error& error) {
                             if (error) return done(Failure{error.message()});
                             tune(self->socket(), k_phone_probes);
                             self->shake_hands(done);
                           });
  }

  void read(Got got) override {
    buffer_.resize(k_read_bytes);
    stream_.async_read_some(
        boost::asio::buffer(buffer_),
        [self = this->shared_from_this(), got = std::move(got)](const Error& error, std::size_t size_bytes) {
          if (error) return got(Failure{why_lost(error)});
          got(copy_of(BytesView(self->buffer_).first(size_bytes)));
        });
  }

  void write(const std::vector<Outgoing>& messages, Done done) override {
    batch_.clear();  // one record of TLS, one system call
    for (const auto& message : messages) append(batch_, message.payload);
    boost::asio::async_write(
        stream_, boost::asio::buffer(batch_),
        [self = this->shared_from_this(), done = std::move(done)](const Error& error, std::size_t) {
          if (error) return done(Failure{why_lost(error)});
          done(ringway::Done{});
        });
  }

  void say_goodbye(const std::string&) override {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      // That it may fail for what the other side has sent meanwhile does not matter: ours went out first.
      stream_.async_shutdown([self = this->shared_from_this()](const Error&) { self->send_no_more(); });
    } else {
      send_no_more();
    }
  }

  void close() override {
    Error ignored;
    socket().close(ignored);
  }

  std::size_t max_messages_per_write() const override { return k_messages_per_write; }

 private:
  void shake_hands(Done done) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (remote_)
        if (auto expecting = expect_server(stream_, remote_->server_name, refusal_); !expecting)
          return done(std::move(expecting));
      const auto side =
          remote_ ? boost::asio::ssl::stream_base::client : boost::asio::ssl::stream_base::server;
      stream_.async_handshake(
          side, [self = this->shared_from_this(), done = std::move(done)](const Error& error) {
            if (error) return done(Failure{self->refusal_->empty() ? why_lost(error) : *self->refusal_});
            done(ringway::Done{});
          });
    } else {
      done(ringway::Done{});
    }
  }

  void send_no_more() {
    Error ignored;
    socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
  }

  const TlsContextPtr tls_;
  const std::shared_ptr<std::string> refusal_ = std::make_shared<std::string>();
  Stream stream_;
  const std::optional<Remote> remote_;
  const bool is_open_ = false;
  Bytes buffer_;
  Bytes batch_;
};

}  // namespace

std::shared_ptr<Pipe> accept_tcp(Socket socket) {
  return std::make_shared<StreamPipe<Socket>>(std::move(socket), std::nullopt);
}
std::shared_ptr<Pipe> accept_tls(Socket socket, TlsContextPtr tls) {
  return std::make_shared<StreamPipe<TlsStream>>(std::move(socket), std::nullopt, std::move(tls));
}
std::shared_ptr<Pipe> connect_tcp(Socket socket, Remote remote) {
  return std::make_shared<StreamPipe<Socket>>(std::move(socket), std::move(remote));
}
std::shared_ptr<Pipe> connect_tls(Socket socket, Remote remote, TlsContextPtr tls) {
  return std::make_shared<StreamPipe<TlsStream>>(std::move(socket), std::move(remote), std::move(tls));
}
std::shared_ptr<Pipe> established_tls(TlsStream stream) {
  return std::make_shared<StreamPipe<TlsStream>>(std::move(stream));
}

}  // namespace ringway::net::phones
