#include "sip-usage/registrar/contact_update.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::registrar {
namespace {

// RFC 3261 §12.2.2 has 500 for requests that are out of order; §10.3 only says that they fail.
constexpr unsigned k_out_of_order = 500;
constexpr unsigned k_first_hop_lacks_outbound = 439;

bool is_out_of_order(const Binding& binding, const Message& request) {
  return binding.call_id == request.call_id && request.cseq.number <= binding.cseq;
}

// WebSockets have no address at which somebody listens (RFC 7118 §5.1), whatever their Contact says.
bool says_its_address(const NameAddr& contact, const Source& source) {
  const auto transport = contact.uri.parameters.value("transport");
  return same_ignoring_case(contact.uri.host, source.address) && !same_ignoring_case(transport, "ws") &&
         !same_ignoring_case(transport, "wss");
}

constexpr std::uint16_t k_usual_port = 5060;  // RFC 3261 §19.1.2

// A request that comes straight from a phone which knows the address that it sends from, so there is no NAT
// in between, and which wants to be called at another port of it (RFC 3261 §16.6 step 7, §18.1.1). Behind a
// NAT there is no way to a phone but its flow.
bool is_called_at_contact(const NameAddr& contact, const Message& request, const Source& source) {
  const Via& via = request.vias.front();
  const Uri& uri = contact.uri;
  const auto transport = uri.parameters.value("transport");
  const bool is_by_datagram = !source.is_connected && uri.scheme == "sip" &&
                              (transport.empty() || same_ignoring_case(transport, "udp"));
  const bool is_without_nat = request.vias.size() == 1 && same_ignoring_case(via.host, source.address) &&
                              via.port.value_or(k_usual_port) == source.port;
  const auto port = uri.port.value_or(k_usual_port);
  return is_by_datagram && is_without_nat && same_ignoring_case(uri.host, source.address) && port != 0 &&
         port != source.port;
}

class Update {
 public:
  Update(const BindingList& present, const Message& request, const Aor& aor, const Source& source,
         MonoTime now, const Settings& settings)
      : request_(request), aor_(aor), source_(source), now_(now), settings_(settings) {
    out_.bindings = present;
  }

  Result<ContactUpdate, Rejection> run() {
    if (request_.contact_is_any) return remove_all();
    if (auto refused = read_path()) return *refused;
    if (auto refused = find_flow_rules()) return *refused;
    for (const NameAddr& contact : request_.contacts)
      if (auto refused = apply(contact)) return *refused;
    if (auto refused = check_bounds()) return *refused;
    return std::move(out_);
  }

 private:
  using Refused = std::optional<Rejection>;

  // §10.3 step 6.
  Result<ContactUpdate, Rejection> remove_all() {
    if (!request_.contacts.empty() || request_.expires_s() != 0)
      return Rejection{400, "Contact: * needs Expires: 0 and no other Contact"};
    for (const Binding& each : out_.bindings)
      if (is_out_of_order(each, request_)) return Rejection{k_out_of_order, "Out of order"};
    out_.bindings.clear();
    out_.removes = true;
    return std::move(out_);
  }

  Refused read_path() {
    auto path = request_.addresses("Path");
    if (!path) return Rejection{400, "A Path that cannot be read"};
    if (path->size() > k_max_paths) return Rejection{403, "Too many Path entries"};
    path_ = std::move(*path);
    return std::nullopt;
  }

  // RFC 5626 §6: whether reg-id counts.
  Refused find_flow_rules() {
    const auto has_reg_id = [](const NameAddr& each) { return each.reg_id() && !each.instance_id().empty(); };
    if (std::none_of(request_.contacts.begin(), request_.contacts.end(), has_reg_id)) return std::nullopt;
    const bool is_first_hop = request_.vias.size() == 1;
    const bool supports_outbound = request_.lists("Supported", "outbound");
    if (!is_first_hop && (path_.empty() || !path_.front().uri.parameters.has("ob"))) {
      if (supports_outbound) return Rejection{k_first_hop_lacks_outbound, "First Hop Lacks Outbound Support"};
      return std::nullopt;
    }
    const auto stays = [&](const NameAddr& each) { return interval_s(each) != 0; };
    if (std::count_if(request_.contacts.begin(), request_.contacts.end(), stays) > 1)
      return Rejection{400, "A flow is registered alone"};
    reg_id_counts_ = true;
    out_.uses_outbound = supports_outbound;
    return std::nullopt;
  }

  // What is asked for; what cannot be read counts as not said (§10.3 step 7).
  std::uint32_t interval_s(const NameAddr& contact) const {
    return contact.expires_s().value_or(request_.expires_s().value_or(settings_.default_expires_s));
  }

  // Which binding a Contact is about: that of the instance's flow, or that with an equivalent URI.
  BindingList::iterator find(const NameAddr& contact, std::uint32_t reg_id) {
    const std::string instance = contact.instance_id();
    return std::find_if(out_.bindings.begin(), out_.bindings.end(), [&](const Binding& each) {
      if (reg_id != 0) return each.reg_id == reg_id && each.instance == instance;
      return each.reg_id == 0 && equivalent(each.contact.uri, contact.uri);
    });
  }

  Refused apply(const NameAddr& contact) {
    if (auto refused = check_uri(contact)) return refused;
    const std::uint32_t interval = interval_s(contact);
    // Never of an hour: check() sees to that (§10.3 step 7).
    if (interval != 0 && interval < settings_.min_expires_s)
      return Rejection{423, "Interval Too Brief", settings_.min_expires_s};
    const bool is_flow = reg_id_counts_ && !contact.instance_id().empty();
    const std::uint32_t reg_id = is_flow ? contact.reg_id().value_or(0) : 0;
    const auto found = find(contact, reg_id);
    const bool is_new = found == out_.bindings.end();
    // Of this request itself: a Contact that is there twice.
    if (!is_new && touched_.count(found->contact.uri.print()) != 0)
      return Rejection{400, "The same Contact twice"};
    if (!is_new && is_out_of_order(*found, request_)) return Rejection{k_out_of_order, "Out of order"};
    if (interval == 0) {
      out_.removes = true;
      if (!is_new) out_.bindings.erase(found);
      return std::nullopt;
    }
    Binding made = make(contact, reg_id, std::min(interval, settings_.max_expires_s));
    touched_.insert(made.contact.uri.print());
    if (is_new) {
      out_.bindings.push_back(std::move(made));
    } else {
      *found = std::move(made);
    }
    return std::nullopt;
  }

  // RFC 5627 §5.1; a call could go round, or out to where no phone of the user is.
  Refused check_uri(const NameAddr& contact) const {
    if (!contact.uri.is_sip()) return Rejection{403, "Only SIP URIs can be registered"};
    // It would be called there, and not by TLS (RFC 3261 §16.6 step 7).
    if (contact.uri.scheme == "sips" && !source_.is_secure)
      return Rejection{403, "A sips: Contact takes TLS"};
    const auto own = Uri::parse(contact.uri.scheme + ":" + escaped(aor_));
    if (own && equivalent(contact.uri, *own)) return Rejection{403, "A Contact that is the address itself"};
    return std::nullopt;
  }

  Binding make(const NameAddr& contact, std::uint32_t reg_id, std::uint32_t seconds) const {
    Binding out;
    out.contact = contact;
    // A phone can suggest no GRUU (RFC 5627 §5.1).
    for (const char* answered : {"expires", "pub-gruu", "temp-gruu"}) out.contact.parameters.remove(answered);
    if (reg_id == 0) out.contact.parameters.remove("reg-id");
    out.flow = source_.flow;
    if (!source_.is_connected)
      out.ends = {source_.local_address, source_.local_port, source_.address, source_.port};
    out.has_true_address = reg_id == 0 && says_its_address(contact, source_);
    out.listens_at_contact = reg_id == 0 && is_called_at_contact(contact, request_, source_);
    out.instance = contact.instance_id();
    out.reg_id = reg_id;
    out.call_id = request_.call_id;
    out.cseq = request_.cseq.number;
    out.path = path_;
    out.updated_at = now_;
    out.expires_at = now_ + std::chrono::seconds(seconds);
    return out;
  }

  bool fits() const {
    std::size_t size_bytes = 0;
    for (const Binding& each : out_.bindings) size_bytes += each.size_bytes();
    return out_.bindings.size() <= k_max_bindings_of_user && size_bytes <= k_max_binding_bytes_of_user;
  }

  // A phone that is started anew has another port, or another address, and leaves behind what it has
  // registered before: RFC 5627 has both stay, of one instance too (§5.3, and its first example), so at the
  // bound what is probably left behind gives way, or that phone could not be called for hours. Who is
  // connected is there.
  Refused check_bounds() {
    while (!fits()) {
      const auto oldest =
          std::min_element(out_.bindings.begin(), out_.bindings.end(),
                           [&](const Binding& a, const Binding& b) { return standing(a) < standing(b); });
      if (oldest == out_.bindings.end() || std::get<0>(standing(*oldest)) == k_stays)
        return Rejection{403, "Too many bindings"};
      out_.bindings.erase(oldest);
    }
    return std::nullopt;
  }

  // The lowest goes first; of equal ones the one that was renewed first.
  static constexpr int k_is_replaced = 0, k_may_be_gone = 1, k_stays = 2;
  std::tuple<int, MonoTime> standing(const Binding& each) const {
    const bool is_connected = each.flow && !each.ends;
    if (is_connected || touched_.count(each.contact.uri.print()) != 0) return {k_stays, each.updated_at};
    const bool is_replaced =
        each.reg_id == 0 && !each.instance.empty() &&
        std::any_of(request_.contacts.begin(), request_.contacts.end(),
                    [&](const NameAddr& contact) { return contact.instance_id() == each.instance; });
    return {is_replaced ? k_is_replaced : k_may_be_gone, each.updated_at};
  }

  const Message& request_;
  const Aor& aor_;
  const Source& source_;
  MonoTime now_;
  const Settings& settings_;
  ContactUpdate out_;
  std::vector<NameAddr> path_;
  bool reg_id_counts_ = false;
  std::set<std::string> touched_;
};

}  // namespace

Result<ContactUpdate, Rejection> update_contacts(const BindingList& present, const Message& request,
                                                 const Aor& aor, const Source& source, MonoTime now,
                                                 const Settings& settings) {
  return Update(present, request, aor, source, now, settings).run();
}

}  // namespace ringway::sip::registrar
