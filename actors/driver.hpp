// How an actor is made of a plain class (its driver): the class is built with the actor's pointer and a
// setup, its make_behavior() is the actor's behavior. An exception in a handler ends the actor with the
// exception's text as the reason, which the supervisor logs.
#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace ringway::actors {

// The actor's state: gone as soon as the actor ends, and with it whatever the driver holds.
template <typename Driver>
struct Driven {
  std::unique_ptr<Driver> driver;
};

template <typename Driver>
using DrivenPointer = typename Driver::Interface::template stateful_pointer<Driven<Driver>>;

// An exception in a handler becomes the reason of the actor's end, with its text.
template <typename Self>
void end_with_text_of_exceptions(Self* self) {
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      return caf::make_error(caf::sec::runtime_error, std::string(error.what()));
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string("unknown exception"));
    }
  });
}

// spawn(drive<SomeDriver>, setup)
template <typename Driver>
typename Driver::Interface::behavior_type drive(DrivenPointer<Driver> self, typename Driver::Setup setup) {
  end_with_text_of_exceptions(&*self);
  self->state.driver = std::make_unique<Driver>(self, std::move(setup));
  return self->state.driver->make_behavior();
}

}  // namespace ringway::actors
