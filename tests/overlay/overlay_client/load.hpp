// Clients that put, get and watch without pause while an overlay changes under them, and what they may expect
// to find afterwards.
#pragma once

#include <string>
#include <vector>

namespace ringway::overlay_client {

struct Load {
  std::vector<std::string> apis;  // one client for each
  std::string prefix;
  int keys = 100;  // of each client, put again and again
  double seconds = 60;
};

// Each client puts its own keys, some of them once only, and watches everybody's of the others. After the
// time nobody puts any more; when standard input ends (whoever calls knows when the overlay is quiet) each
// watcher must have been told the last state of each key. Prints a JSON object: calls and errors, what was
// read wrongly, what the watchers were told and what they have missed, and for each key the values that may
// be there at the end: the last that was acknowledged, and those that were sent after it without an answer
// that says so.
int run_load(const Load& load);

// Reads that object from standard input and looks for every key through every API, again and again until all
// are right or time is up. Prints what is missing.
int verify_load(const std::vector<std::string>& apis, double seconds);

}  // namespace ringway::overlay_client
