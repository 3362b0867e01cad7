// Peers of a scenario that do not do as they should. What they send is changed on its way into the network,
// so that their own components go on in good faith.
#pragma once

#include "sim/simulation.hpp"

namespace ringway::sim {

// Neither requests nor answers of others go any further.
void pass_on_nothing(Simulation& simulation, PeerNumber liar);
// Whatever is read from it, the answer is that nothing is stored there, signed by itself.
void deny_everything(Simulation& simulation, PeerNumber liar);

}  // namespace ringway::sim
