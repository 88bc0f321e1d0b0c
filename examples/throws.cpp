// What C++ exceptions promise, as one program: clean-ups in order, rethrow, exceptions thrown by the library, through
// std::function, out of constructors, nested ones, and an exception_ptr that outlives its handler. The output is the
// same natively and in Trapeze (throws.expected).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Guard {
  const char *name;
  explicit Guard(const char *n) : name(n) { std::printf("  enter %s\n", name); }
  ~Guard() { std::printf("  leave %s%s\n", name, std::uncaught_exceptions() ? " (unwinding)" : ""); }
};

struct Refusal : std::runtime_error {
  int code;
  Refusal(int c, const std::string &why) : std::runtime_error(why), code(c) {}
};

void inner(int n) {
  Guard guard("inner");
  if (n > 2)
    throw Refusal(n, "too many");
  std::printf("  inner(%d) returns\n", n);
}

void middle(int n) {
  Guard first("first of middle"), second("second of middle");
  try {
    inner(n);
  } catch (const Refusal &refusal) {
    std::printf("  middle saw %s, throws it on\n", refusal.what());
    throw;
  }
}

void destructors() {
  std::puts("destructors and rethrow");
  for (int n : {1, 3}) {
    try {
      middle(n);
    } catch (const std::exception &e) {
      std::printf("  caught %s, code %d\n", e.what(), dynamic_cast<const Refusal &>(e).code);
    }
  }
}

void library() {
  std::puts("thrown by the library");
  std::vector<int> numbers{1, 2, 3};
  try {
    std::printf("  %d\n", numbers.at(std::size_t(std::abs(-7))));
  } catch (const std::out_of_range &) {
    std::puts("  vector::at: std::out_of_range");
  }
  try {
    std::printf("  %zu\n", std::string("abc").substr(9).size());
  } catch (const std::out_of_range &) {
    std::puts("  string::substr: std::out_of_range");
  }
  try {
    std::printf("  %d\n", std::stoi("twelve"));
  } catch (const std::invalid_argument &) {
    std::puts("  stoi: std::invalid_argument");
  }
  try {
    std::vector<char> huge;
    huge.resize(huge.max_size() + 1);
  } catch (const std::length_error &) {
    std::puts("  vector::resize: std::length_error");
  }
  try {
    std::function<int(int)> empty;
    empty(1);
  } catch (const std::bad_function_call &) {
    std::puts("  empty function: std::bad_function_call");
  }
}

int apply(const std::function<int(int)> &step, int value, int depth) {
  Guard guard("apply");
  return depth ? apply([&](int v) { return step(v) + 1; }, value, depth - 1) : step(value);
}

void functions() {
  std::puts("through std::function");
  auto divide = [](int by) {
    return [by](int value) {
      if (!by)
        throw std::domain_error("division by zero");
      return value / by;
    };
  };
  std::printf("  %d\n", apply(divide(5), 100, 2));
  try {
    std::printf("  %d\n", apply(divide(0), 100, 2));
  } catch (const std::logic_error &e) {
    std::printf("  caught %s\n", e.what());
  }
}

struct Part {
  int id;
  explicit Part(int i) : id(i) {
    if (id == 3)
      throw id;
    std::printf("  part %d made\n", id);
  }
  ~Part() { std::printf("  part %d destroyed\n", id); }
};

struct Whole {
  Part first{1}, second{2}, third{3}, fourth{4};
};

void constructors() {
  std::puts("out of a constructor");
  try {
    Part parts[] = {Part(1), Part(2), Part(3), Part(4)};
    std::printf("  %d\n", parts[0].id);
  } catch (int id) {
    std::printf("  part %d refused\n", id);
  }
  try {
    auto whole = std::make_unique<Whole>();
    std::printf("  %d\n", whole->first.id);
  } catch (int id) {
    std::printf("  part %d refused\n", id);
  }
}

void report(const std::exception &e, int level = 1) {
  std::printf("%*s%s\n", 2 * level, "", e.what());
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception &nested) {
    report(nested, level + 1);
  }
}

void load(int depth) {
  try {
    if (!depth)
      throw std::runtime_error("the file is empty");
    load(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("while loading part " + std::to_string(depth)));
  }
}

void nested() {
  std::puts("nested, and kept in an exception_ptr");
  std::exception_ptr kept;
  try {
    load(2);
  } catch (...) {
    kept = std::current_exception();
  }
  try {
    std::rethrow_exception(kept);
  } catch (const std::exception &e) {
    report(e);
  }
}

// A destructor that itself throws and catches while an exception is on its way.
struct Recovering {
  ~Recovering() {
    try {
      throw std::string("inside a destructor");
    } catch (const std::string &text) {
      std::printf("  caught %s, %d on its way\n", text.c_str(), std::uncaught_exceptions());
    }
  }
};

long deep(int n) {
  Guard *none = nullptr;
  std::unique_ptr<Guard> holder(none);
  if (!n)
    throw 1000L;
  return deep(n - 1) + 1;
}

void depth() {
  std::puts("during unwinding, and deep");
  try {
    Recovering recovering;
    throw 'x';
  } catch (char c) {
    std::printf("  caught '%c', %d on its way\n", c, std::uncaught_exceptions());
  }
  long sum = 0;
  for (int round = 0; round < 100; ++round) {
    try {
      sum += deep(round * 10);
    } catch (long value) {
      sum += value;
    }
  }
  std::printf("  100 throws over up to 990 frames: %ld\n", sum);
}

} // namespace

int main() {
  destructors();
  library();
  functions();
  constructors();
  nested();
  depth();
  std::puts("done");
}
