/* WebAssembly modules linked into a C or C++ program: the interface of the run-time `libtrapeze_native.a`. C99 or C++.

     trapeze compile add.wat --emit=obj -o add.o --header add.h
     cc main.c add.o libtrapeze_native.a -lstdc++ -o main

   `add.h` declares the module and a typed C function for each of its exports and imports, on top of what stands here.
   docs/embedding.md, "Linking modules into a C or C++ program", has an example. C++ programs may use trapeze/trapeze.hh
   instead, all of it, beginning with trapeze::Module::from_native(engine, add_module); or both, see the end of this
   file.

   Ownership. A store owns its instances, and what they made; all of it is gone with trapeze_native_store_delete, during
   which, and after which, no code of it may run. A failure belongs to whoever asked for it. Strings are zero-terminated
   UTF-8, copied where they are handed over; `data` pointers are kept as they are and must stay valid as long as the
   store.

   Threads. A store and all that is in it belong to one thread at a time; only trapeze_native_interrupt may be called by
   another. Different stores run side by side. Modules are constant; any number of threads and stores use one.

   Errors. Whatever goes wrong leaves a function as a C++ exception, a WebAssembly exception that nobody caught too:
   trapeze::Exception, trapeze::Trap, trapeze::Exit, trapeze::Error, or the very object that C++ code below has thrown.
   They pass frames of C functions, which on x86-64 have unwind tables unless compiled with
   -fno-asynchronous-unwind-tables; C gets hold of them by trapeze_native_try. A program that does neither ends in
   std::terminate. */
#ifndef TRAPEZE_NATIVE_H
#define TRAPEZE_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define TRAPEZE_NATIVE_CAST(type, value) reinterpret_cast<type>(value)
extern "C" {
#else
#define TRAPEZE_NATIVE_CAST(type, value) ((type)(value))
#endif

#define TRAPEZE_NATIVE_NORETURN __attribute__((noreturn))

/* Sets `pointer` to the address of a module, wherever the linker finds it. A module must stay where it is, but the
   address of a variable in a shared object, taken as any other, makes linkers move it into the executable (copy
   relocation). */
#ifdef __x86_64__
#define TRAPEZE_NATIVE_ADDRESS(pointer, module) __asm__("movq " #module "@GOTPCREL(%%rip), %0" : "=r"(pointer))
#else
#define TRAPEZE_NATIVE_ADDRESS(pointer, module) ((pointer) = &(module))
#endif

typedef struct trapeze_native_module trapeze_native_module;     /* compiled code; stands in an object as NAME_module */
typedef struct trapeze_native_store trapeze_native_store;       /* instances, and the names by which they import */
typedef struct trapeze_native_instance trapeze_native_instance; /* of a module */
typedef struct trapeze_native_caller trapeze_native_caller;     /* whose call a host function serves; during the call */
typedef struct trapeze_native_failure trapeze_native_failure;   /* what trapeze_native_try has caught */

/* A value on its way into or out of WebAssembly; bytes of a v128 with lane 0 first. */
typedef union trapeze_native_cell {
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  uint8_t v128[16];
} __attribute__((aligned(16))) trapeze_native_cell;

/* ------------------------------------------------------------------------------------------------------------ stores
 */

enum {
  TRAPEZE_NATIVE_UNWINDER_SYSTEM = 0, /* the platform's: what else runs in the process sees every frame */
  TRAPEZE_NATIVE_UNWINDER_FAST = 1    /* the engine's own walk; the same in every observable way, and much faster */
};

enum {
  TRAPEZE_NATIVE_IMPORTS_ERROR = 0, /* an import that nobody defined: instantiation fails and names it */
  TRAPEZE_NATIVE_IMPORTS_TRAP = 1,  /* a function that traps when called; other kinds as ZERO */
  TRAPEZE_NATIVE_IMPORTS_ZERO = 2   /* a function that returns zeros; a fresh memory, table, global or tag */
};

typedef struct trapeze_native_options { /* all zero: what a null pointer stands for */
  int unwinder;
  int unknown_imports;
  size_t stack_size; /* bytes WebAssembly may use of a thread's stack; 0: all there is but a reserve for the host */
} trapeze_native_options;

/* `options` may be null. */
trapeze_native_store *trapeze_native_store_new(const trapeze_native_options *options);
/* Null is fine. Of a shared object with modules that only deleted stores have used, dlclose is safe. */
void trapeze_native_store_delete(trapeze_native_store *store);

typedef struct trapeze_native_wasi {
  const char *const *args;     /* the program's own name first, a null pointer last, as main's argv; null: none */
  const char *const *env;      /* `NAME=value`, a null pointer last, as environ; null: none */
  const char *const *preopens; /* directories, `HOST::GUEST` or one name for both, a null pointer last; null: none */
} trapeze_native_wasi;

/* Defines `wasi_snapshot_preview1` for the store's later instances, on the process's standard streams. `wasi` may be
   null: no arguments, no directories. */
void trapeze_native_store_wasi(trapeze_native_store *store, const trapeze_native_wasi *wasi);

/* From any thread, while the store lives: what runs in the store traps at its next call. */
void trapeze_native_interrupt(trapeze_native_store *store);

/* --------------------------------------------------------------------------------------------------------- instances
 */

/* Instantiates a module. Its imports are what was defined in the store by name: WASI, host functions, and the exports
   (functions, memories, tables, globals and tags) of earlier instances under theirs. `name`, which may be null, is the
   one under which later instances import from this one. Runs the start function. `interface` is what the generated
   header says of the module it was made for, so that a stale header is an error and not an accident; 0: unchecked. */
trapeze_native_instance *trapeze_native_instantiate(trapeze_native_store *store, const trapeze_native_module *module,
                                                    const char *name, uint64_t interface);

/* Runs a WASI command (`_start`) or initialises a reactor (`_initialize`); does nothing if there is neither. */
void trapeze_native_start(trapeze_native_instance *instance);

/* Exports are numbered in the module's order, from 0. The number of the one of that name; UINT32_MAX: there is none. */
uint32_t trapeze_native_find(const trapeze_native_instance *instance, const char *name);

/* Calls an exported function: arguments in, results out, in the same cells, `count` of them: at least the larger
   number. Functions that take or give references are for C++. */
void trapeze_native_call(trapeze_native_instance *instance, uint32_t func, trapeze_native_cell *cells, size_t count);

/* The first byte of a memory, which never moves, and in *size (may be null) how many bytes it has now. */
uint8_t *trapeze_native_memory(const trapeze_native_instance *instance, uint32_t memory, uint64_t *size);
/* Copies `count` bytes from or to `address`; traps if they are not all inside. */
void trapeze_native_read(const trapeze_native_instance *instance, uint32_t memory, uint64_t address, void *to,
                         size_t count);
void trapeze_native_write(const trapeze_native_instance *instance, uint32_t memory, uint64_t address, const void *from,
                          size_t count);

/* A global of a number or vector type; setting an immutable one is an error. */
trapeze_native_cell trapeze_native_global_get(const trapeze_native_instance *instance, uint32_t global);
void trapeze_native_global_set(const trapeze_native_instance *instance, uint32_t global, trapeze_native_cell value);

/* ---------------------------------------------------------------------------------------------------- host functions
 */

typedef void (*trapeze_native_function)(void); /* any function, cast */

/* Calls `function` with `data`, `caller` and the arguments in `cells`, and puts its results there. */
typedef void (*trapeze_native_thunk)(trapeze_native_function function, void *data, trapeze_native_caller *caller,
                                     trapeze_native_cell *cells);

/* Defines a host function for the store's later instances. `type`: a letter for each parameter, `:`, a letter for each
   result; i: i32, I: i64, f: f32, F: f64, V: v128. The generated definers NAME_define_MODULE_FIELD write the thunk. */
void trapeze_native_define(trapeze_native_store *store, const char *module, const char *field, const char *type,
                           trapeze_native_thunk thunk, trapeze_native_function function, void *data);

/* The instance whose code made the call; null: the host itself has called. It may not have run its start function yet.
 */
trapeze_native_instance *trapeze_native_caller_instance(trapeze_native_caller *caller);

/* Throws a WebAssembly exception with an exported tag of an instance, from a host function or below trapeze_native_try.
   `count` is the number of the tag's fields. */
TRAPEZE_NATIVE_NORETURN void trapeze_native_throw(const trapeze_native_instance *instance, uint32_t tag,
                                                  const trapeze_native_cell *cells, size_t count);
/* Lets WebAssembly trap; no clause of its code sees that. */
TRAPEZE_NATIVE_NORETURN void trapeze_native_trap(const char *message);

/* ---------------------------------------------------------------------------------------------------------- failures
 */

typedef enum trapeze_native_status {
  TRAPEZE_NATIVE_RETURNED = 0,
  TRAPEZE_NATIVE_EXCEPTION = 1, /* a WebAssembly exception */
  TRAPEZE_NATIVE_TRAPPED = 2,
  TRAPEZE_NATIVE_EXITED = 3,  /* the program ended itself (WASI's proc_exit) */
  TRAPEZE_NATIVE_ERROR = 4,   /* a request that cannot be served: an import without definition, a wrong use, ... */
  TRAPEZE_NATIVE_FOREIGN = 5, /* another C++ exception */
} trapeze_native_status;

/* Calls body(data). Returns TRAPEZE_NATIVE_RETURNED, or by what else the call was left; *failure (`failure` may be
   null) is then the details, to be deleted by the caller, and null otherwise or if there is no memory for it. */
trapeze_native_status trapeze_native_try(void (*body)(void *data), void *data, trapeze_native_failure **failure);

trapeze_native_status trapeze_native_failure_status(const trapeze_native_failure *failure);
/* One line: `exception refused(i32:42)`, `integer divide by zero`, `std::runtime_error: no more`. */
const char *trapeze_native_failure_message(const trapeze_native_failure *failure);
/* Of an exception or a trap, the WebAssembly functions it came through, a line each; empty for others. */
const char *trapeze_native_failure_backtrace(const trapeze_native_failure *failure);
/* EXITED: the exit status; TRAPPED, ERROR: the number in trapeze::TrapCode, trapeze::ErrorKind; else 0. */
int32_t trapeze_native_failure_code(const trapeze_native_failure *failure);
/* Whether it is an exception with that exported tag; its fields go to `cells`, at most `count` (fields that are
   references are not written). */
int trapeze_native_failure_is(const trapeze_native_failure *failure, const trapeze_native_instance *instance,
                              uint32_t tag, trapeze_native_cell *cells, size_t count);
/* Throws it on, the same object, and deletes the failure. */
TRAPEZE_NATIVE_NORETURN void trapeze_native_failure_rethrow(trapeze_native_failure *failure);
void trapeze_native_failure_delete(trapeze_native_failure *failure); /* null is fine */

/* ------------------------------------------------------------------------------------------------------------- cells
 */

static inline trapeze_native_cell trapeze_native_i64(int64_t value) {
  trapeze_native_cell cell;
  memset(&cell, 0, sizeof cell);
  cell.i64 = value;
  return cell;
}
static inline trapeze_native_cell trapeze_native_i32(int32_t value) {
  return trapeze_native_i64(value & INT64_C(0xffffffff)); /* unused bytes are zero */
}
static inline trapeze_native_cell trapeze_native_f64(double value) {
  trapeze_native_cell cell = trapeze_native_i64(0);
  cell.f64 = value;
  return cell;
}
static inline trapeze_native_cell trapeze_native_f32(float value) {
  trapeze_native_cell cell = trapeze_native_i64(0);
  cell.f32 = value;
  return cell;
}

#ifdef __cplusplus
} /* extern "C" */

/* From here to the C++ interface, trapeze/trapeze.hh: the same objects, under their other names. */
namespace trapeze {
inline namespace v1 {
class Caller;
class Instance;
class Linker;
} // namespace v1

namespace native {
Linker &linker(trapeze_native_store *store); /* its store(), and whatever is to be defined for later instances */
Instance instance(const trapeze_native_instance *instance);
Caller &caller(trapeze_native_caller *caller);
} // namespace native
} // namespace trapeze
#endif

#endif
