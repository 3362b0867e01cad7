#include "services/api/directory_service.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/config/kinds.hpp"
#include "services/api/conversion.hpp"
#include "services/api/directory_lookup.hpp"
#include "services/api/event_stream.hpp"
#include "services/api/pending_call.hpp"
#include "sip-usage/registration/gruu.hpp"
#include "sip-usage/registration/sip_registration.hpp"
#include "sip-usage/registration/storing_peer.hpp"

namespace ringway::services {
namespace {

grpc::Status refuse(const std::string& message) { return {grpc::StatusCode::INVALID_ARGUMENT, message}; }

grpc::Status status_of(const data::CallFailure& failure) {
  return {to_status_code(failure.error), failure.message};
}

// ---- Register, Unregister

// What is to be stored, or what is wrong with the request.
Result<sip::SipRegistration> registration_of(const v1::RegisterRequest& request, const NodeId& node,
                                             const std::string& overlay) {
  if (!request.forward_to().empty() && !request.contact_prefs().empty())
    return Failure{"contact_prefs are of a device: leave them empty with forward_to"};
  const sip::SipRegistration out = request.forward_to().empty()
                                       ? sip::registration_of_node(node, request.contact_prefs())
                                       : sip::SipRegistration{sip::UriRegistration{request.forward_to()}};
  if (auto good = sip::check_registration(out, overlay); !good) return good.error();
  return out;
}

// There is one registration of a user for each node, and where phones are served the registrar has it:
// whatever else was put there would lead callers elsewhere until the registrar writes next.
std::optional<grpc::Status> refuse_phones_user(const actors::PeerStatus& status, const std::string& user) {
  const auto aor = sip::Aor::of_user_name(user);
  if (!status.sip || !aor) return std::nullopt;
  const auto& users = status.sip->users;
  if (std::find(users.begin(), users.end(), aor->name()) == users.end()) return std::nullopt;
  return grpc::Status{
      grpc::StatusCode::FAILED_PRECONDITION,
      "this peer serves phones of " + user +
          ", and registers the user while one of them is registered here: register a phone, or "
          "forward calls there; only a peer without --sip-listen takes this call"};
}

template <typename Response>
void fill(Response& out, const std::string& user, const data::PutResult& result) {
  out.set_address(user);
  out.set_copies(result.copies);
  out.set_copies_wanted(result.copies_wanted);
}

// One call that writes; its answer ends the pending one.
template <typename Response, typename Add>
void write(const std::shared_ptr<actors::Peer>& peer, const std::shared_ptr<PendingCall>& pending,
           data::Call call, const std::string& user, Response* response, Add add) {
  peer->submit({std::move(call)},
               [pending, user, response, add = std::move(add)](const std::vector<data::CallResult>& results) {
                 if (!pending->claim()) return;
                 if (const auto* failure = std::get_if<data::CallFailure>(&results.front()))
                   return pending->Finish(status_of(*failure));
                 fill(*response, user, std::get<data::PutResult>(results.front()));
                 add(*response);
                 pending->Finish(grpc::Status::OK);
               });
}

// ---- Resolve

grpc::Status status_of(const sip::ResolutionFailure& failure, const std::optional<data::CallFailure>& call) {
  using Error = sip::ResolutionError;
  switch (failure.error) {
    case Error::bad_address:
      return refuse(failure.reason);
    case Error::not_registered:
      return {grpc::StatusCode::NOT_FOUND, failure.reason};
    case Error::domain_excluded:
    case Error::forwards_forever:
      return {grpc::StatusCode::FAILED_PRECONDITION, failure.reason};
    case Error::not_reachable:
      break;
  }
  return call ? status_of(*call) : grpc::Status{grpc::StatusCode::UNAVAILABLE, failure.reason};
}

v1::SipScheme to_scheme(sip::SchemePreference preference) {
  switch (preference) {
    case sip::SchemePreference::either:
      return v1::SIP_SCHEME_EITHER;
    case sip::SchemePreference::sip:
      return v1::SIP_SCHEME_SIP;
    case sip::SchemePreference::sips:
      return v1::SIP_SCHEME_SIPS;
    case sip::SchemePreference::neither:
      break;
  }
  return v1::SIP_SCHEME_NEITHER;
}

void fill(v1::ResolvedDevice& out, const sip::Device& device) {
  out.set_address(device.aor.name());
  if (device.key != k_no_node) out.set_registered_by(device.key.hex());
  if (const auto* node = std::get_if<wire::NodeDestination>(&device.route.back()))
    out.set_node(node->node.hex());
  if (const auto gruu = sip::make_gruu(device.aor, device.route)) out.set_gruu("sip:" + *gruu);
  out.set_contact_prefs(device.preferences.text());
  out.set_scheme(to_scheme(device.preferences.scheme()));
  out.set_q_thousandths(device.preferences.q_thousandths());
  out.set_expires_s(device.expires_s.value_or(0));
  out.set_forwarded(static_cast<std::uint32_t>(device.depth));
}

void fill(v1::ResolveResponse& out, const sip::Resolved& resolved) {
  for (const sip::Device& device : resolved.devices) fill(*out.add_devices(), device);
  out.set_cut_short(resolved.cut_short);
  out.set_unreadable(resolved.unreadable);
}

// Of which overlay, and whom it takes.
sip::ResolutionSettings settings_of(const actors::PeerStatus& status) {
  sip::ResolutionSettings out;
  out.overlay_name = status.overlay;
  out.policy = sip::LookupPolicy::overlay_only;
  if (status.configuration) {
    out.hosts = [configuration = status.configuration](std::string_view domain) {
      return sip::hosts_domain(*configuration, domain);
    };
  }
  return out;
}

using PresenceStream = EventStream<v1::PresenceEvent, sip::presence::Sight>;

void fill(v1::PresenceEvent& out, const sip::presence::Sight& sight) {
  out.set_address(sight.aor.name());
  out.set_visible(sight.document != nullptr);
  out.set_reachable(sight.is_reachable);
  if (sight.document) out.set_document(*sight.document);
  out.set_compacted(sight.is_compacted);
}

void fill(v1::LoggedCall& out, const sip::CallRecord& record) {
  out.set_number(record.number);
  out.set_user(record.user.name());
  out.set_outgoing(record.is_outgoing);
  out.set_other(record.other);
  out.set_began_ms(record.began_ms);
  out.set_answered_ms(record.answered_ms.value_or(0));
  out.set_ended_ms(record.ended_ms.value_or(0));
  out.set_status(record.status);
  out.set_end_unknown(record.is_end_unknown);
}

}  // namespace

DirectoryService::DirectoryService(std::shared_ptr<actors::Peer> peer, const Gate& gate)
    : peer_(std::move(peer)), gate_(gate) {}

grpc::ServerUnaryReactor* DirectoryService::Register(grpc::CallbackServerContext* context,
                                                     const v1::RegisterRequest* request,
                                                     v1::RegisterResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::register_user, request->as_user()})) return refused;
  const auto pending = PendingCall::make(*context);
  // The copy is for answers that come after the caller has gone.
  peer_->status([peer = peer_, pending, request = *request, response](const actors::PeerStatus& status) {
    const auto registration = registration_of(request, status.node, status.overlay);
    if (!registration) return pending->finish_once(refuse(registration.error().reason));
    const auto value = wire::encode_checked(*registration);
    if (!value) return pending->finish_once(refuse(value.error().reason));
    data::PutCall call;
    call.kind = config::k_sip_registration;
    call.key = request.as_user().empty() ? status.user : request.as_user();
    call.as_user = request.as_user();
    call.value = *value;
    call.lifetime_s = request.lifetime_s() != 0 ? request.lifetime_s() : k_default_registration_lifetime_s;
    call.keep = request.keep();
    const std::string user = call.key;
    if (const auto refused = refuse_phones_user(status, user)) return pending->finish_once(*refused);
    std::string gruu;
    const auto* route = std::get_if<sip::RouteRegistration>(&*registration);
    if (const auto aor = sip::Aor::of_user_name(user); aor && route != nullptr) {
      if (const auto made = sip::make_gruu(*aor, route->destinations)) gruu = "sip:" + *made;
    }
    write(peer, pending, std::move(call), user, response,
          [gruu](v1::RegisterResponse& out) { out.set_gruu(gruu); });
  });
  return pending.get();
}

grpc::ServerUnaryReactor* DirectoryService::Unregister(grpc::CallbackServerContext* context,
                                                       const v1::UnregisterRequest* request,
                                                       v1::UnregisterResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::register_user, request->as_user()})) return refused;
  const auto pending = PendingCall::make(*context);
  peer_->status(
      [peer = peer_, pending, as_user = request->as_user(), response](const actors::PeerStatus& status) {
        data::RemoveCall call;
        call.kind = config::k_sip_registration;
        call.key = as_user.empty() ? status.user : as_user;
        call.as_user = as_user;
        const std::string user = call.key;
        if (const auto refused = refuse_phones_user(status, user)) return pending->finish_once(*refused);
        write(peer, pending, std::move(call), user, response, [](v1::UnregisterResponse&) {});
      });
  return pending.get();
}

grpc::ServerUnaryReactor* DirectoryService::Resolve(grpc::CallbackServerContext* context,
                                                    const v1::ResolveRequest* request,
                                                    v1::ResolveResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::resolve})) return refused;
  const auto pending = PendingCall::make(*context);
  peer_->status(
      [peer = peer_, pending, address = request->address(), response](const actors::PeerStatus& status) {
        DirectoryLookup::start(
            peer, settings_of(status), address, [pending] { return !pending->claimed(); },
            [pending, response](const sip::ResolutionResult& result,
                                const std::optional<data::CallFailure>& call) {
              if (!pending->claim()) return;
              if (!result) return pending->Finish(status_of(result.error(), call));
              fill(*response, *result);
              pending->Finish(grpc::Status::OK);
            });
      });
  return pending.get();
}

grpc::ServerUnaryReactor* DirectoryService::CallLog(grpc::CallbackServerContext* context,
                                                    const v1::CallLogRequest* request,
                                                    v1::CallLogResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::call_log, request->as_user()})) return refused;
  const auto pending = PendingCall::make(*context);
  const std::size_t limit = request->limit() != 0 ? request->limit() : k_default_logged_calls;
  if (limit > sip::k_max_logged_calls) {
    pending->finish_once(refuse("limit: at most " + std::to_string(sip::k_max_logged_calls)));
    return pending.get();
  }
  peer_->status([peer = peer_, pending, as_user = request->as_user(), limit,
                 response](const actors::PeerStatus& status) {
    peer->call_log(as_user.empty() ? status.user : as_user, limit,
                   [pending, response](const actors::CallLogResult& calls) {
                     if (!pending->claim()) return;
                     if (!calls) return pending->Finish(status_of(calls.error()));
                     for (const auto& record : *calls) fill(*response->add_calls(), record);
                     pending->Finish(grpc::Status::OK);
                   });
  });
  return pending.get();
}

grpc::ServerWriteReactor<v1::PresenceEvent>* DirectoryService::WatchPresence(
    grpc::CallbackServerContext* context, const v1::WatchPresenceRequest* request) {
  const auto answer = gate_.visitor(*context).may({ApiMethod::presence, request->as_user()});
  if (!answer.ok()) return PresenceStream::refuse(answer);
  return PresenceStream::start({
      [peer = peer_, request = *request](auto event) {
        return peer->watch_user(request.address(), request.as_user(), std::move(event));
      },
      [peer = peer_](auto token) { peer->next_sight(token); },
      [peer = peer_](auto token) { peer->cancel_sight(token); },
      [](v1::PresenceEvent& out, const sip::presence::Sight& sight) { fill(out, sight); },
  });
}

}  // namespace ringway::services
