// Outcomes in words, for a person who reads a disagreement.
#include "program.hh"

#include <cstdio>

namespace eh_random {

namespace {
constexpr const char *trap_names[] = {"unreachable",
                                      "integer divide by zero",
                                      "memory out of bounds",
                                      "table out of bounds",
                                      "undefined element",
                                      "uninitialized element",
                                      "call type mismatch",
                                      "null function reference",
                                      "null exception reference",
                                      "a host function's trap",
                                      "another trap"};
}

void Trace::describe(Event event, u64 a) {
  char line[96];
  auto say = [&](const char *format, auto value) { std::snprintf(line, sizeof line, format, value); };
  unsigned long long n = a;
  switch (event) {
  case Event::Call:
    say("\n%llu:", n);
    break;
  case Event::Result:
    say(" returns (%llu values)", n);
    break;
  case Event::Exception:
    say(" exception tag%llu", n);
    break;
  case Event::Foreign:
    say(" C++ object %llu", n);
    break;
  case Event::Trap:
    say(" trap: %s", trap_names[a < 10 ? a : 10]);
    break;
  case Event::Exit:
    say(" exit %llu", n);
    break;
  case Event::Host:
    say("\n  host function %llu:", n);
    break;
  case Event::Number:
    say(" 0x%llx", n);
    break;
  case Event::Null:
    say("%s", " null");
    break;
  case Event::Function:
    say(" function%llu", n);
    break;
  case Event::Object:
    say(" object%llu", n);
    break;
  case Event::Global:
    say("\n  global of instance %llu:", n);
    break;
  case Event::Memory:
    say("\n  memory, pages %llu:", n);
    break;
  }
  lines_ += line;
}

} // namespace eh_random
