#include "net/relay/stream_client.hpp"

#include <boost/asio/buffer.hpp>
#include <cstring>
#include <type_traits>

#include "relay/path/lane.hpp"
#include "reload/stun/message.hpp"

namespace ringway::net::relay {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

constexpr Probes k_client_probes{60, 10, 3};
// The longest message there is: STUN says its length in 16 bits, without the header.
constexpr std::size_t k_max_message_bytes = stun::k_header_size_bytes + 65'535;
constexpr std::size_t k_client_in_bytes = 16 << 10;  // read at once; more where a message is longer
constexpr std::size_t k_kept_out_bytes = 64 << 10;

template <typename Stream>
class Client : public StreamClient, public std::enable_shared_from_this<Client<Stream>> {
 public:
  Client(Socket socket, std::vector<Slot> slots, Owner& owner)
      : slots_(std::move(slots)),
        owner_(owner),
        stream_(std::move(socket)),
        timer_(lowest().get_executor()),
        stall_timer_(lowest().get_executor()) {}
  Client(Socket socket, TlsContextPtr tls, std::vector<Slot> slots, Owner& owner)
      : tls_(std::move(tls)),
        slots_(std::move(slots)),
        owner_(owner),
        stream_(std::move(socket), *tls_),
        timer_(lowest().get_executor()),
        stall_timer_(lowest().get_executor()) {}
  ~Client() override { owner_.out_bytes -= out_bytes_; }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start() override {
    tune(lowest(), k_client_probes);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      wait_at_most(k_stream_opening_time);
      Error ignored;
      stream_.set_verify_mode(asio::ssl::verify_none, ignored);  // clients say who they are by STUN
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const Error& error) {
                                if (error) return self->close();
                                self->begin();
                              });
    } else {
      begin();
    }
  }

  bool send(BytesView octets) override {
    const auto& bounds = owner_.bounds;
    const std::size_t most = has_allocation_ ? bounds.out_bytes : k_max_stranger_out_bytes;
    if (is_closed_ || out_bytes_ + octets.size() > most ||
        owner_.out_bytes + octets.size() > bounds.out_bytes_of_thread)
      return false;
    append(waiting_, octets);
    out_bytes_ += octets.size();
    owner_.out_bytes += octets.size();
    if (going_.empty()) begin_to_write();
    return true;
  }

  void close() override {
    if (std::exchange(is_closed_, true)) return;
    timer_.cancel();
    stall_timer_.cancel();
    Error ignored;
    lowest().close(ignored);
    owner_.on_closed(*this);
  }

  void go_on() override {
    if (!std::exchange(is_paused_, false) || is_closed_) return;
    continue_with(cut());
  }

 private:
  Socket& lowest() {
    if constexpr (std::is_same_v<Stream, TlsStream>)
      return stream_.next_layer();
    else
      return stream_;
  }

  void begin() {
    buffer_.resize(k_stranger_in_bytes);
    wait_at_most(k_stream_idle_time);
    read();
  }

  void wait_at_most(std::chrono::seconds time) {
    timer_.expires_after(time);
    // A wait that is over cannot be cancelled any more, and may be told after the next has begun.
    timer_.async_wait([self = this->shared_from_this(), time, number = ++waits_](const Error& error) {
      if (error || self->is_closed_ || number != self->waits_) return;
      if (!self->has_allocation_ && !std::exchange(self->has_spoken_, false)) return self->close();
      self->wait_at_most(time);
    });
  }

  void read() {
    stream_.async_read_some(asio::buffer(buffer_.data() + have_, buffer_.size() - have_),
                            [self = this->shared_from_this()](const Error& error, std::size_t size_bytes) {
                              if (self->is_closed_) return;
                              if (error) return self->close();
                              self->have_ += size_bytes;
                              self->continue_with(self->cut());
                            });
  }

  void continue_with(bool could_cut) {
    if (is_closed_ || is_paused_) return;
    if (!could_cut) return close();
    if (has_allocation_ && buffer_.size() < k_client_in_bytes) buffer_.resize(k_client_in_bytes);
    read();
  }

  // False for what is neither STUN nor a channel's: nobody can tell where the next message begins.
  bool cut() {
    std::size_t at = 0, needed = 0;
    while (at < have_ && !is_closed_ && !is_paused_) {
      const BytesView rest = BytesView(buffer_).subspan(at, have_ - at);
      const bool is_channel = ringway::relay::may_be_channel_data(rest);
      if (!is_channel && !stun::may_be_stun(rest)) return false;
      const std::size_t size =
          is_channel ? ringway::relay::size_of_channel_data_in_stream(rest) : stun::size_of_next(rest);
      if (size == 0 || size > rest.size()) {
        if (size > (has_allocation_ ? k_max_message_bytes : k_stranger_in_bytes)) return false;
        needed = size;
        break;
      }
      // Whole messages are a sign of life, octets that trickle in are none.
      has_spoken_ = true;
      at += size;
      is_paused_ = !owner_.on_message(*this, rest.first(size));
    }
    have_ -= at;
    std::memmove(buffer_.data(), buffer_.data() + at, have_);
    if (needed > buffer_.size()) buffer_.resize(needed);
    return true;
  }

  void begin_to_write() {
    std::swap(going_, waiting_);
    gone_bytes_ = 0;
    progressed_ = mono_now();
    if (!is_watched_) watch(owner_.bounds.stall);
    write();
  }

  // Piece by piece: each that goes is a sign that somebody takes them.
  void write() {
    const auto rest = asio::buffer(going_) + gone_bytes_;
    stream_.async_write_some(rest, [self = this->shared_from_this()](const Error& error, std::size_t bytes) {
      if (self->is_closed_) return;
      if (error) return self->close();
      self->gone_bytes_ += bytes;
      self->progressed_ = mono_now();
      if (self->gone_bytes_ < self->going_.size()) return self->write();
      self->all_gone();
    });
  }

  void all_gone() {
    out_bytes_ -= going_.size();
    owner_.out_bytes -= going_.size();
    // What a burst has taken is given back.
    if (going_.capacity() > k_kept_out_bytes) Bytes().swap(going_);
    going_.clear();
    if (!waiting_.empty()) begin_to_write();
  }

  // One wait for many writes.
  void watch(std::chrono::milliseconds time) {
    is_watched_ = true;
    stall_timer_.expires_after(time);
    stall_timer_.async_wait([self = this->shared_from_this()](const Error& error) {
      if (error || self->is_closed_) return;
      self->is_watched_ = false;
      if (self->going_.empty()) return;
      const std::chrono::milliseconds stalled{(mono_now() - self->progressed_).count()};
      if (stalled >= self->owner_.bounds.stall) return self->close();
      self->watch(self->owner_.bounds.stall - stalled);
    });
  }

  const TlsContextPtr tls_;
  const std::vector<Slot> slots_;
  Owner& owner_;
  Stream stream_;
  Timer timer_, stall_timer_;
  Bytes buffer_, going_, waiting_;
  std::size_t have_ = 0, gone_bytes_ = 0;
  std::size_t out_bytes_ = 0;  // of going_ and waiting_
  MonoTime progressed_{};
  bool is_watched_ = false;  // by the stall timer
  std::uint64_t waits_ = 0;
  bool is_closed_ = false, has_spoken_ = false, is_paused_ = false;
};

}  // namespace

std::shared_ptr<StreamClient> make_stream_client(Socket socket, TlsContextPtr tls, std::vector<Slot> slots,
                                                 StreamClient::Owner& owner) {
  if (tls)
    return std::make_shared<Client<TlsStream>>(std::move(socket), std::move(tls), std::move(slots), owner);
  return std::make_shared<Client<Socket>>(std::move(socket), std::move(slots), owner);
}

}  // namespace ringway::net::relay
