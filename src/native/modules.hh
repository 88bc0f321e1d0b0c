// One engine per unwinder and one Module per linked module for all stores of the process.
#pragma once

#include "trapeze/native.h"
#include "trapeze/trapeze.hh"

namespace trapeze::native {

const Engine &engine_for(int unwinder, std::size_t stack_size);
Module module_for(const Engine &engine, const trapeze_native_module &linked);

} // namespace trapeze::native
