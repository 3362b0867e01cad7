#include "bench/phones/element/lone_peer.hpp"

#include <stdexcept>
#include <utility>

#include "bench/phones/element/stopwatch.hpp"
#include "reload/config/known_kinds.hpp"
#include "sip-usage/registration/storing_peer.hpp"

namespace ringway::bench {

class LonePeer::TimedSigner : public security::Signer {
 public:
  TimedSigner(test::SignerPtr signer, Work& work) : signer_(std::move(signer)), work_(work) {}

  const security::CertificatePtr& certificate() const override { return signer_->certificate(); }
  NodeId node_id() const override { return signer_->node_id(); }
  const std::vector<SharedBytes>& chain_der() const override { return signer_->chain_der(); }
  wire::Signature sign(BytesView input) const override {
    const Stopwatch watch(work_.signing_ns);
    ++work_.signatures;
    return signer_->sign(input);
  }
  wire::Signature sign_exact(BytesView input) const override { return signer_->sign_exact(input); }

 private:
  test::SignerPtr signer_;
  Work& work_;
};

LonePeer::LonePeer(const std::string& user, const NodeId& node) : signer_(authority_.issue(user, node)) {
  auto configuration = std::make_shared<config::Configuration>();
  auto kind = *config::iana_kind(config::k_sip_registration);
  kind.max_count = 32;
  kind.max_size_bytes = 1024;
  configuration->kinds.add(kind);
  configuration_ = std::move(configuration);
  data::StorageSettings settings;
  settings.usage_checks = sip::usage_checks();
  storage_ = std::make_unique<data::StorageComponent>(settings, configuration_,
                                                      std::make_shared<TimedSigner>(signer_, work_), store_);
  auto view = std::make_shared<topology::RingView>();
  view->self = node;
  view->joined = true;
  handle({{0}, test::k_now_ms}, routing::RingChanged{view});
}

data::CallResult LonePeer::call(Now now, data::Call call) {
  const Stopwatch watch(work_.all_ns);
  result_.reset();
  handle(now, data::Calls{1, {std::move(call)}});
  if (!result_) throw std::runtime_error("a call is not answered at once");
  if (const auto* failure = std::get_if<data::CallFailure>(&*result_);
      failure != nullptr && failure->error != data::CallError::not_found)
    throw std::runtime_error("the overlay refuses a registration: " + failure->message);
  return std::move(*result_);
}

void LonePeer::handle(Now now, data::StorageInput input) {
  data::StorageOutputs outputs;
  storage_->handle(now, std::move(input), outputs);
  for (auto& output : outputs) {
    if (auto* commit = std::get_if<data::Commit>(&output)) {
      if (!store_->commit({commit->batch}).ok()) throw std::runtime_error("the store in memory is full");
      handle(now, data::Committed{commit->token, true, {}});
    } else if (auto* replicate = std::get_if<data::Replicate>(&output)) {
      handle(now, data::Replicated{replicate->token, {}, true});
    } else if (auto* done = std::get_if<data::CallsDone>(&output)) {
      result_ = std::move(done->results.front());
    }
  }
}

}  // namespace ringway::bench
