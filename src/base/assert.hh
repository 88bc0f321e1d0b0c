// ASSERT: an engine bug, never bad input. Kept in release builds where it is cheap (it states what
// validation or an earlier stage already guarantees); ASSERT_SLOW only in debug builds.
#pragma once

namespace trapeze::base {

[[noreturn]] void assertion_failed(const char *condition, const char *file, int line);

} // namespace trapeze::base

#define ASSERT(condition) ((condition) ? (void)0 : ::trapeze::base::assertion_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define ASSERT_SLOW(condition) ((void)0)
#else
#define ASSERT_SLOW(condition) ASSERT(condition)
#endif
