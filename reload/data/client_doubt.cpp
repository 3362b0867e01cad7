// A second opinion (client.hpp): where the answer of the responsible peer cannot be right, or hides what was
// seen before, the peer after it is asked, which holds a copy (RFC 6940 §13.5.3, §13.5.4).
#include <algorithm>

#include "reload/data/client.hpp"

namespace ringway::data {

namespace {

// The place right after a node: whoever is responsible for it comes next in the ring.
RingId after(const NodeId& node) {
  RingId next = node;
  for (std::size_t i = next.bytes.size(); i-- > 0 && ++next.bytes[i] == 0;) {
  }
  return next;
}

}  // namespace

// Nothing good came. What comes in parts is not asked for twice.
bool Client::doubtful(const Work& work) {
  if (work.stage != Stage::read || !work.gathered.entries.empty() || work.removed) return false;
  if (work.gathered.discarded > 0) return true;
  // The entry of empty name has the name alone as its key.
  const Bytes& usual = work.plan.one ? work.plan.item : work.plan.prefix;
  return times_.newest_ms(work.plan.at, usual) > 0;
}

void Client::ask_again(const Now& now, const NodeId& holder, Work& work, StorageOutputs& out) {
  ++data_.statistics.second_opinions;
  work.first = std::move(work.gathered);
  work.gathered = {};
  work.holder = holder;
  work.elsewhere = wire::to_resource(after(holder));
  work.stage = Stage::next_holder;
  drive(now, work, out);
}

void Client::second_answered(const Now& now, Work& work, const security::InspectedMessage& message,
                             StorageOutputs& out) {
  const auto code = message.message.contents.code;
  if (work.stage == Stage::next_holder && code == wire::MessageCode::ping_ans &&
      message.signer_node != work.holder) {
    if (message.signer_node == data_.signer->node_id()) {
      auto held = read_store(now, work.call, work.plan);
      if (std::holds_alternative<GetResult>(held)) return finish(work, std::move(held), out);
    } else {
      work.stage = Stage::copy;
      work.elsewhere = wire::to_node(message.signer_node);
      return ask(work, out);
    }
  } else if (work.stage == Stage::copy && is_answer_to_get(work, message)) {
    gather(work, message.fetch->kind_responses[0], message.verdicts[0]);
    work.gathered.discarded += work.first.discarded;
    if (!work.gathered.entries.empty())
      return finish(work, get_result(sorted(std::move(work.gathered))), out);
  }
  finish(work, get_result(std::move(work.first)), out);
}

}  // namespace ringway::data
