// A desk over the Registrar's fixture: what the doors are tested with.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "services/enrolld/serve/desk.hpp"
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {

class DeskTest : public RegistrarTest {
 protected:
  // With the rules and the room that it has when it is first asked for.
  Desk& desk() {
    if (desk_) return *desk_;
    operators_ = std::make_unique<Operators>(Operators::make(rules_, authority_, records()).value());
    workers_ = std::make_unique<Workers>(2, room_);
    Desk::Parts parts{registrar(), *operators_, *workers_, log_, [this] { return now_ms_.load(); }};
    parts.document_changed = [this] { ++looks_; };
    desk_ = std::make_unique<Desk>(std::move(parts));
    return *desk_;
  }

  OperatorRules rules_;
  std::size_t room_ = k_max_calls_at_once;
  std::atomic<int> looks_{0};
  std::atomic<WallMs> now_ms_{k_now_ms};

 private:
  services::EventLog log_{"error", false};
  std::unique_ptr<Operators> operators_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Desk> desk_;
};

}  // namespace ringway::enrolld
