// The channels of the overlay of tests: one for each application between two peers, made at once.
#include <stdexcept>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {

using routing::Application;

template <typename Message>
void Overlay::to_owner_of_channel(Peer& peer, Message message) {
  if (message.application == Application::replication)
    to_replication(peer, std::move(message));
  else
    to_storage(peer, std::move(message));
}

void Overlay::channel(Peer& peer, const routing::OpenChannel& wish) {
  const auto found = peers_.find(wish.node);
  const bool refused = wish.application == Application::replication &&
                       (without_channels.contains(wish.node) || without_channels.contains(peer.node));
  if (found == peers_.end() || !found->second->alive || refused)
    return to_owner_of_channel(peer, routing::ChannelDown{wish.application, wish.node, "refused"});
  if (channel_stands(peer, *found->second, wish.application))
    return to_owner_of_channel(peer, routing::ChannelUp{wish.application, wish.node});
  channel_between(peer, *found->second, wish.application);
}

void Overlay::channel_between(Peer& one, Peer& other, Application application) {
  if (!channels_.insert({application, one.node, other.node}).second) return;
  channels_.insert({application, other.node, one.node});
  to_owner_of_channel(one, routing::ChannelUp{application, other.node});
  to_owner_of_channel(other, routing::ChannelUp{application, one.node});
}

void Overlay::channel(Peer& peer, const routing::SendOnChannel& message) {
  if (!channels_.contains({message.application, peer.node, message.node})) return;
  if (message.message.size() > configuration->max_message_size_bytes)
    throw std::runtime_error("a message on a channel is too large");
  if (message.application == Application::replication)
    sent_on_channels.emplace_back(peer.node, message.node, message.message);
  if (channel_loses(peer.node, message.node, message.message)) return;
  to_owner_of_channel(this->peer(message.node),
                      routing::ChannelMessage{message.application, peer.node, message.message});
}

void Overlay::channel(Peer& peer, const routing::CloseChannel& wish) {
  if (channels_.erase({wish.application, peer.node, wish.node}) == 0) return;
  channels_.erase({wish.application, wish.node, peer.node});
  to_owner_of_channel(this->peer(wish.node), routing::ChannelDown{wish.application, peer.node, "closed"});
}

void Overlay::break_channel(Peer& one, Peer& other) {
  for (const Application application : {Application::replication, Application::watch}) {
    if (channels_.erase({application, one.node, other.node}) == 0) continue;
    channels_.erase({application, other.node, one.node});
    to_owner_of_channel(one, routing::ChannelDown{application, other.node, "broken"});
    to_owner_of_channel(other, routing::ChannelDown{application, one.node, "broken"});
  }
}

}  // namespace ringway::data::test
