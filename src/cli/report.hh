// What ended a program, in words and as an exit status: the same for every program of ours that runs one.
#pragma once

#include "trapeze/trapeze.hh"

namespace trapeze::cli {

/// Exit statuses; a program's own stands for itself.
enum Status : int { Success = 0, BadInput = 1, WrongUsage = 2, Aborted = 134 };

/// Whether messages on standard error are coloured.
bool wants_colour();

/// Prints what ended a command and returns the exit status for it. To be called inside a catch block. With the
/// program's memory it also tells what a C++ program threw.
int report_current_exception(const Memory &memory = {});

} // namespace trapeze::cli
