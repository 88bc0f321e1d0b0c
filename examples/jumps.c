// setjmp and longjmp in C, which the toolchain turns into Wasm exceptions: retry, unwinding out of recursion, a small
// parser that reports errors by jumping, and coroutine-like use of several buffers. Output as natively
// (jumps.expected).
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static jmp_buf outer, inner;

static void retry(void) {
  volatile int attempts = 0;
  int code = setjmp(outer);
  printf("  attempt %d after code %d\n", attempts, code);
  if (attempts < 3) {
    ++attempts;
    longjmp(outer, attempts * 10);
  }
}

static volatile int bottom = 500;

static int descend(int depth) {
  char page[64];
  memset(page, depth, sizeof page);
  if (depth == bottom)
    longjmp(outer, depth);
  return depth < 1000 ? descend(depth + 1) + page[depth % 64] : 0;
}

struct parser {
  const char *at;
  jmp_buf fail;
  const char *message;
};

static void fail(struct parser *p, const char *message) {
  p->message = message;
  longjmp(p->fail, 1);
}

static long sum(struct parser *p);

static long factor(struct parser *p) {
  if (*p->at == '(') {
    ++p->at;
    long value = sum(p);
    if (*p->at++ != ')')
      fail(p, "missing )");
    return value;
  }
  if (*p->at < '0' || *p->at > '9')
    fail(p, "a number is missing");
  long value = 0;
  while (*p->at >= '0' && *p->at <= '9')
    value = value * 10 + (*p->at++ - '0');
  return value;
}

static long product(struct parser *p) {
  long value = factor(p);
  while (*p->at == '*' || *p->at == '/') {
    char op = *p->at++;
    long by = factor(p);
    if (op == '/' && !by)
      fail(p, "division by zero");
    value = op == '*' ? value * by : value / by;
  }
  return value;
}

static long sum(struct parser *p) {
  long value = product(p);
  while (*p->at == '+' || *p->at == '-')
    value += *p->at++ == '+' ? product(p) : -product(p);
  return value;
}

static void evaluate(const char *text) {
  struct parser p;
  p.at = text;
  if (setjmp(p.fail)) {
    printf("  %s: %s at %d\n", text, p.message, (int)(p.at - text));
    return;
  }
  long value = sum(&p);
  if (*p.at)
    fail(&p, "something is left over");
  printf("  %s = %ld\n", text, value);
}

static void two_buffers(void) {
  volatile int steps = 0;
  switch (setjmp(outer)) {
  case 0:
    switch (setjmp(inner)) {
    case 0:
      ++steps;
      longjmp(inner, 2);
    case 2:
      ++steps;
      longjmp(outer, 7);
    }
    break;
  case 7:
    printf("  inner, then outer: %d steps\n", steps);
  }
}

int main(void) {
  puts("retry");
  retry();
  puts("out of recursion");
  int depth = setjmp(outer);
  if (!depth)
    descend(0);
  else
    printf("  back from depth %d\n", depth);
  puts("a parser");
  evaluate("2+3*(4-1)");
  evaluate("10/(5-5)");
  evaluate("7*(1+2");
  evaluate("1+*2");
  evaluate("42)");
  puts("two buffers");
  two_buffers();
  puts("done");
  return 0;
}
