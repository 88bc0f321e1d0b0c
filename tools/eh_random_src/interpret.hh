// The oracle: what a program must do, by walking its tree. See interpret.cpp.
#pragma once

#include "program.hh"

namespace eh_random {

/// Rules that are wrong on purpose. A run whose oracle follows one of them must end in a disagreement, or the
/// generator does not reach what the rule is about (--self-test).
enum class WrongRule : u8 {
  None,
  LastClauseWins,      // of a try_table's clauses
  TagsByType,          // tags of one type are the same
  TagsByIndex,         // a tag is its index in the module
  DelegateStays,       // delegate acts as if it was not there
  TrapsAreCaught,      // by catch_all
  TailCallsStayInside, // the caller's regions are active for the callee
  LocalsAreRestored,   // a handler sees locals as they were when its region was entered
  ForeignIsMissed,     // catch_all does not see C++ objects
  RethrowLatest,       // rethrow throws what was caught last, whatever its label
  NewIdentity,         // throw_ref makes another exception
  Count
};
const char *to_string(WrongRule rule);

/// What programs get to do, counted over all runs of this process (--self-test shows it): what stays at zero is not
/// tested.
enum class Reach : u8 {
  Catch,
  CatchRef,
  CatchAll,
  CatchAllRef, // as ClauseKind numbers them
  PassedRegion,
  ToLoop,
  ToFunction,
  AliasCaught, // by a clause whose tag has another index than the throw's module gave it
  ForeignCaught,
  ThrowRef,
  ThrowRefForeign,
  NullThrowRef,
  LegacyCatch,
  LegacyCatchAll,
  Delegate,
  DelegateToFunction,
  Rethrow,
  RethrowOuter,
  TailCall,
  TailIndirect,
  TailByRef,
  TailToHost,
  TailInRegion,
  CallByRef,
  CallIndirect,
  HostThrowsTag,
  HostThrowsForeign,
  HostThrowsKept,
  HostPassesOn,
  HostReplaces,
  HostSwallows,
  DestructorReenters,
  ReentryInReentry,
  TrapInRegion,
  ExitInRegion,
  UncaughtException,
  UncaughtForeign,
  StartFails,
  ReferenceInPayload,
  Parameters,
  Count
};
const char *to_string(Reach what);
u64 reached(Reach what);

Trace interpret(const Program &program, WrongRule wrong, bool text);

} // namespace eh_random
