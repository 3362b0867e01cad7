#include "services/enrolld/push_command.hpp"

#include <future>
#include <iostream>

#include "reload/link/link_id.hpp"
#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/publish/publisher.hpp"

namespace ringway::enrolld {
namespace {

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 2;

int failed(const Failure& failure, int code = k_exit_failed) {
  std::cerr << "ringway-enrolld: " << failure.reason << "\n";
  return code;
}

// Somebody waits: tried again soon, and not for long.
PublisherSettings settings_for(const PushOptions& options) {
  PublisherSettings settings;
  settings.push.round_limit = std::chrono::seconds(options.timeout_s);
  settings.push.retry_max = Duration{4'000};
  return settings;
}

int tell(const PublishReport& report) {
  for (const AddressReport& address : report.addresses)
    std::cout << "  " << link::to_text(address.address) << "  " << describe(address) << "\n";
  if (report.peers > 0) {
    std::cout << report.peers << (report.peers == 1 ? " peer has" : " peers have")
              << " it; the others get it from there\n";
    return 0;
  }
  return failed({"nobody has taken sequence " + std::to_string(report.sequence) +
                     (report.fault.empty() ? "" : ": " + report.fault) +
                     (report.addresses.empty() ? "; give a running peer with --to ADDRESS:PORT" : ""),
                 0});
}

}  // namespace

int run_push(const PushOptions& options) {
  std::vector<wire::IpAddressPort> addresses;
  for (const std::string& text : options.to) {
    wire::IpAddressPort address;
    if (!link::parse_address(text, address))
      return failed({"--to takes ADDRESS:PORT, not " + text, 0}, k_exit_usage);
    addresses.push_back(address);
  }
  auto document = read_document(options.directory);
  if (!document) return failed(document.error());
  const auto folder = open_folder(options.directory, options.keys);
  if (!folder) return failed(folder.error());

  std::promise<PublishReport> promise;
  Publisher publisher(settings_for(options), publisher_credentials(folder->authority),
                      [&](const PublishReport& report) { promise.set_value(report); });
  publisher.publish(SharedBytes(std::move(*document)), std::move(addresses));
  return tell(promise.get_future().get());
}

}  // namespace ringway::enrolld
