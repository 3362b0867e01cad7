// What the holder's and the requester's side of one peer share: configuration, ring, identity, and what is
// stored.
#pragma once

#include <memory>

#include "reload/config/configuration.hpp"
#include "reload/data/certificate_shelf.hpp"
#include "reload/data/damaged_kinds.hpp"
#include "reload/data/kind_cache.hpp"
#include "reload/data/message_budget.hpp"
#include "reload/data/newly_held.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/data/subscriptions.hpp"
#include "reload/data/user_signers.hpp"
#include "reload/security/signer.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

struct PeerData {
  PeerData(StorageSettings settings_in, config::ConfigurationPtr configuration_in,
           std::shared_ptr<const security::Signer> signer_in, std::shared_ptr<const ValueStore> store_in)
      : settings(settings_in),
        configuration(std::move(configuration_in)),
        signer(std::move(signer_in)),
        store(std::move(store_in)),
        view(std::make_shared<const topology::RingView>()),
        newly_held(settings.successor_hold_down),
        cache(store, settings.max_cached_kinds, settings.max_cached_bytes),
        certificates(store, signer->certificate(), configuration->scheme) {}

  // Who is alone has nobody to ask for what its disk has lost: what can be read is all there is.
  bool may_be_elsewhere() const { return view->joined && !view->alone(); }

  std::size_t budget_bytes() const {
    return message_budget_bytes(configuration->max_message_size_bytes, *signer);
  }

  StorageSettings settings;
  config::ConfigurationPtr configuration;
  std::shared_ptr<const security::Signer> signer;
  UserSignersPtr users = std::make_shared<const UserSigners>();
  std::shared_ptr<const ValueStore> store;
  topology::RingViewPtr view;
  NewlyHeld newly_held;
  DamagedKinds damaged;
  KindCache cache;
  CertificateShelf certificates;
  Subscriptions subscriptions;  // to what this peer is responsible for
  StorageComponent::Statistics statistics;
};

}  // namespace ringway::data
