/* A module in a program of plain C99: calls, host functions, memory, WASI, and everything that can leave a call, caught
   by trapeze_native_try. Ends with 'N passed, M failed'. */
#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

static void check(int fine, const char *what) {
  if (fine)
    ++passed;
  else
    printf("FAIL %s\n", what);
  failed += !fine;
}

static trapeze_native_store *store;
static trapeze_native_instance *plain;
static int mixes;

static plain_define_host_mix_results mix(void *data, trapeze_native_caller *caller, int32_t a, int64_t b, float c,
                                         double d) {
  plain_define_host_mix_results out;
  check(trapeze_native_caller_instance(caller) == plain, "the caller");
  ++*(int *)data;
  out.r0 = d + 1;
  out.r1 = c + 1;
  out.r2 = b + 1;
  out.r3 = a + 1;
  return out;
}

static void fail(void *data, trapeze_native_caller *caller, int32_t how) {
  (void)data;
  if (how == 1)
    plain_throw_refused(trapeze_native_caller_instance(caller), 41, 0.5);
  if (how == 2)
    trapeze_native_trap("the host gives up");
  if (how == 3)
    plain_unreachable(plain);
}

/* More values than registers, and no generated function: 20 i32 and 20 f64 in, 10 f64 and 10 i64 out. */
static void many(trapeze_native_function function, void *data, trapeze_native_caller *caller,
                 trapeze_native_cell *cells) {
  trapeze_native_cell results[20];
  int i;
  (void)function, (void)data, (void)caller;
  for (i = 0; i < 10; ++i) {
    results[i] = trapeze_native_f64(cells[39 - i].f64 * 2);
    results[10 + i] = trapeze_native_i64((int64_t)cells[i].i32 * INT64_C(10000000000));
  }
  memcpy(cells, results, sizeof results);
}

static void many_values(void) {
  trapeze_native_cell cells[40];
  int i, fine = 1;
  for (i = 0; i < 20; ++i) {
    cells[i] = trapeze_native_i32(i - 5);
    cells[20 + i] = trapeze_native_f64(i + 0.5);
  }
  trapeze_native_call(plain, trapeze_native_find(plain, "many"), cells, 40);
  for (i = 0; i < 10; ++i)
    fine = fine && cells[i].f64 == 2 * (19 - i) + 1 && cells[10 + i].i64 == (i - 5) * INT64_C(10000000000);
  check(fine, "more values than registers");
}

enum { Refuse, Quiet, Trap, HostTrap, NestedTrap, Leave, Unknown, Reference, Immutable, Beyond, Nothing };

static void go(void *data) {
  switch (*(const int *)data) {
  case Refuse:
    plain_refuse(plain, -4, 2.5);
    break;
  case Quiet:
    plain_throw_quiet(plain);
  case Trap:
    plain_unreachable(plain);
    break;
  case HostTrap:
    plain_careful(plain, 2);
    break;
  case NestedTrap:
    plain_careful(plain, 3);
    break;
  case Leave:
    plain_leave(plain, 9);
    break;
  case Unknown: {
    trapeze_native_store *empty = trapeze_native_store_new(NULL);
    const int status = trapeze_native_try(go, &(int){Nothing}, NULL);
    check(status == TRAPEZE_NATIVE_RETURNED, "a try within a try");
    trapeze_native_store_delete(empty);
    trapeze_native_define(store, "host", "wrong", "ix:", NULL, NULL, NULL);
    break;
  }
  case Reference: {
    trapeze_native_cell cell = trapeze_native_i32(0);
    trapeze_native_call(plain, trapeze_native_find(plain, "of reference"), &cell, 1);
    break;
  }
  case Immutable:
    trapeze_native_global_set(plain, plain_global_constant, trapeze_native_i64(1));
    break;
  case Beyond: {
    char byte;
    trapeze_native_read(plain, plain_memory_memory, UINT64_MAX, &byte, 1);
    break;
  }
  default:
    break;
  }
}

static trapeze_native_failure *failure_of(int what, trapeze_native_status wanted, const char *name) {
  trapeze_native_failure *failure;
  const trapeze_native_status status = trapeze_native_try(go, &what, &failure);
  check(status == wanted && (failure == NULL) == (status == TRAPEZE_NATIVE_RETURNED), name);
  check(failure == NULL || trapeze_native_failure_status(failure) == status, "its status");
  return failure;
}

static void rethrow(void *failure) { trapeze_native_failure_rethrow(failure); }

static void failures(void) {
  int32_t number = 0;
  double fraction = 0;
  trapeze_native_failure *failure = failure_of(Refuse, TRAPEZE_NATIVE_EXCEPTION, "a Wasm exception");
  check(!plain_caught_quiet(failure, plain), "is not of another tag");
  check(plain_caught_refused(failure, plain, &number, &fraction) && number == -4 && fraction == 2.5, "has fields");
  check(strcmp(trapeze_native_failure_message(failure), "exception refused(i32:-4, f64:2.5)") == 0, "its message");
  check(strstr(trapeze_native_failure_backtrace(failure), "refuse") != NULL, "its backtrace");
  check(trapeze_native_try(rethrow, failure, &failure) == TRAPEZE_NATIVE_EXCEPTION, "is thrown on");
  check(plain_caught_refused(failure, plain, &number, &fraction), "and still the same");
  trapeze_native_failure_delete(failure);

  failure = failure_of(Quiet, TRAPEZE_NATIVE_EXCEPTION, "one made by the host");
  check(plain_caught_quiet(failure, plain), "of its tag");
  trapeze_native_failure_delete(failure);
  failure = failure_of(Trap, TRAPEZE_NATIVE_TRAPPED, "a trap");
  check(strcmp(trapeze_native_failure_message(failure), "unreachable") == 0, "its words");
  trapeze_native_failure_delete(failure);
  failure = failure_of(HostTrap, TRAPEZE_NATIVE_TRAPPED, "a trap of the host");
  check(strcmp(trapeze_native_failure_message(failure), "the host gives up") == 0, "its own words");
  trapeze_native_failure_delete(failure);
  trapeze_native_failure_delete(failure_of(NestedTrap, TRAPEZE_NATIVE_TRAPPED, "a trap through frames of C"));
  failure = failure_of(Leave, TRAPEZE_NATIVE_EXITED, "exit");
  check(trapeze_native_failure_code(failure) == 9, "its status");
  trapeze_native_failure_delete(failure);
  trapeze_native_failure_delete(failure_of(Unknown, TRAPEZE_NATIVE_ERROR, "a wrong type"));
  trapeze_native_failure_delete(failure_of(Reference, TRAPEZE_NATIVE_ERROR, "a function with references"));
  trapeze_native_failure_delete(failure_of(Immutable, TRAPEZE_NATIVE_ERROR, "an immutable global"));
  trapeze_native_failure_delete(failure_of(Beyond, TRAPEZE_NATIVE_TRAPPED, "a read beyond the memory"));
  trapeze_native_failure_delete(failure_of(Nothing, TRAPEZE_NATIVE_RETURNED, "nothing"));
}

static void data(void) {
  uint64_t size = 0;
  uint8_t *bytes = trapeze_native_memory(plain, plain_memory_memory, &size);
  uint8_t back[3];
  check(bytes != NULL && size == 65536, "the memory");
  trapeze_native_write(plain, plain_memory_memory, 100, "\1\2\3", 3);
  bytes[103] = 4;
  check(plain_sum(plain, 100, 4) == 10, "bytes go in");
  trapeze_native_read(plain, plain_memory_memory, 101, back, 3);
  check(memcmp(back, "\2\3\4", 3) == 0, "and out");
  trapeze_native_global_set(plain, plain_global_g, trapeze_native_f32(2.5f));
  check(trapeze_native_global_get(plain, plain_global_g).f32 == 2.5f, "a global");
  check(trapeze_native_global_get(plain, plain_global_constant).i64 == -9, "a constant");
  check(trapeze_native_find(plain, "table") == (uint32_t)plain_table_table, "an export by name");
  check(trapeze_native_find(plain, "nothing") == UINT32_MAX, "none by that name");
}

static void nobody_defined(void *empty) { plain_instantiate(empty, NULL); }

int main(int argc, char **argv) {
  static const char *const args[] = {"plain", "one", "two", NULL};
  static const char *const variables[] = {"A=1", "B=2", NULL};
  static const char *const directories[] = {"/tmp::/guest", "/", NULL};
  trapeze_native_wasi wasi = {args, variables, directories};
  trapeze_native_options options = {0};
  trapeze_native_failure *failure;
  trapeze_native_store *empty;
  plain_mixed_results mixed;
  if (argc > 1 && strcmp(argv[1], "fast") == 0)
    options.unwinder = TRAPEZE_NATIVE_UNWINDER_FAST;
  store = trapeze_native_store_new(&options);
  trapeze_native_store_wasi(store, &wasi);
  plain_define_host_mix(store, mix, &mixes);
  plain_define_host_fail(store, fail, NULL);
  trapeze_native_define(store, "host", "many", "iiiiiiiiiiiiiiiiiiiiFFFFFFFFFFFFFFFFFFFF:FFFFFFFFFFIIIIIIIIII", many,
                        NULL, NULL);
  plain = plain_instantiate(store, "plain");
  mixed = plain_mixed(plain, 1, INT64_C(1) << 40, 0.5f, 0.25);
  check(mixed.r0 == 1.25 && mixed.r1 == 1.5f && mixed.r2 == (INT64_C(1) << 40) + 1 && mixed.r3 == 2 && mixes == 1,
        "all types, there and back");
  many_values();
  check(plain_careful(plain, 0) == 0 && plain_careful(plain, 1) == 41, "C throws, Wasm catches");
  check(plain_arguments(plain) == 3, "WASI has its arguments");
  check(plain_variables(plain) == 2, "its environment");
  check(plain_preopened(plain, 3) == 6 && plain_preopened(plain, 4) == 1 && plain_preopened(plain, 5) == -1,
        "its directories");
  trapeze_native_start(plain);
  check(trapeze_native_global_get(plain, plain_global_started).i32 == 1, "a reactor is initialised");
  data();
  failures();
  empty = trapeze_native_store_new(NULL);
  check(trapeze_native_try(nobody_defined, empty, &failure) == TRAPEZE_NATIVE_ERROR &&
            strstr(trapeze_native_failure_message(failure), "`host.mix`") != NULL,
        "an import that nobody defined");
  trapeze_native_failure_delete(failure);
  trapeze_native_store_delete(empty);
  failure = failure_of(Refuse, TRAPEZE_NATIVE_EXCEPTION, "one more");
  trapeze_native_store_delete(store);
  check(strstr(trapeze_native_failure_message(failure), "refused") != NULL, "a failure outlives its store");
  trapeze_native_failure_delete(failure);
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
