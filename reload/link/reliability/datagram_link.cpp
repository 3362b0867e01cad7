#include "reload/link/reliability/datagram_link.hpp"

#include <utility>
#include <vector>

#include "reload/link/reliability/stop_and_wait_sender.hpp"
#include "reload/link/reliability/windowed_sender.hpp"
#include "reload/wire/fragment.hpp"
#include "reload/wire/header.hpp"

namespace ringway::link {

namespace {

std::unique_ptr<Sender> make_sender(const DatagramLink::Settings& settings) {
  if (settings.sender == SenderAlgorithm::stop_and_wait)
    return std::make_unique<StopAndWaitSender>(
        StopAndWaitSender::Settings{settings.static_rto, settings.first_round_trip});
  return std::make_unique<WindowedSender>(settings.first_round_trip);
}

// One that is not larger than the path's MTU stays whole; the parts of another leave room for the via list to
// grow (RFC 6940 §6.7).
std::vector<SharedBytes> split(const SharedBytes& message, std::size_t max_size_bytes) {
  if (message.size() <= max_size_bytes || max_size_bytes <= wire::k_path_mtu_margin_bytes) return {message};
  const auto parsed = wire::parse_header(message);
  if (!parsed) return {message};
  return wire::fragment(parsed->header, message.from(parsed->size_bytes),
                        max_size_bytes - wire::k_path_mtu_margin_bytes);
}

}  // namespace

DatagramLink::DatagramLink(const Settings& settings) : settings_(settings), sender_(make_sender(settings)) {}

DatagramLink::Queued DatagramLink::send(const Bytes& header, const SharedBytes& payload) {
  if (!parts_.empty()) return Queued::full;
  const std::size_t room_bytes = settings_.max_frame_size_bytes > wire::k_data_frame_overhead_bytes
                                     ? settings_.max_frame_size_bytes - wire::k_data_frame_overhead_bytes
                                     : 0;
  Bytes message;
  message.reserve(header.size() + payload.size());
  append(message, header);
  append(message, payload);
  auto parts = split(SharedBytes(std::move(message)), room_bytes);
  for (const auto& part : parts)
    if (part.size() > k_max_record_bytes - wire::k_data_frame_overhead_bytes) return Queued::too_large;
  if (parts.size() > sender_->room() && parts.size() <= k_max_waiting_frames) return Queued::full;
  for (auto& part : parts) parts_.push_back(std::move(part));
  feed_sender();
  return Queued::yes;
}

void DatagramLink::feed_sender() {
  while (!parts_.empty() && sender_->room() > 0) {
    sender_->enqueue(std::move(parts_.front()));
    parts_.pop_front();
  }
}

std::optional<Bytes> DatagramLink::poll(MonoTime now) {
  feed_sender();
  const auto frame = sender_->poll(now);
  if (!frame) return std::nullopt;
  Bytes bytes = wire::data_frame_prefix(frame->sequence, frame->message.size());
  append(bytes, frame->message);
  return bytes;
}

Result<DatagramLink::Arrived> DatagramLink::receive(MonoTime now, const SharedBytes& datagram) {
  auto frame = wire::decode_frame(datagram);
  if (!frame) return frame.error();
  if (const auto* ack = std::get_if<wire::AckFrame>(&*frame)) {
    sender_->acknowledged(now, *ack);
    return Arrived{};
  }
  auto& data = std::get<wire::DataFrame>(*frame);
  if (data.message.size() > settings_.max_message_size_bytes)
    return Failure{"message above the overlay's maximum size"};
  Arrived arrived;
  // The answer to a frame that has come before may have been lost; its message has been handled.
  if (!window_.holds(data.sequence)) arrived.message = std::move(data.message);
  arrived.acknowledgement = wire::encode_ack(window_.note(data.sequence));
  return arrived;
}

}  // namespace ringway::link
