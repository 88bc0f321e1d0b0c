// Throws what its argument names and catches nothing: what the report of an uncaught C++ exception is tested with.
// Built by build.sh beside it.
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>

// The runtime's report of its own would bring the whole demangler in.
extern "C" char *__cxa_demangle(const char *, char *, std::size_t *, int *) { return nullptr; }

namespace shop {

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct VeryRefused : Refused {
  using Refused::Refused;
};
struct Labelled {
  virtual ~Labelled() = default;
  int label = 7;
};
struct Both : Labelled, std::logic_error { // the message is not at the front
  Both() : std::logic_error("second base") {}
};
struct Virtual : virtual std::runtime_error {
  Virtual() : std::runtime_error("virtual base") {}
  int more = 3;
};
struct Silent : std::exception {};
struct Plain {
  int x;
};
enum class Colour : int { Red };

[[gnu::noinline]] void sell(const char *what) {
  auto is = [what](const char *name) { return std::strcmp(what, name) == 0; };
  if (is("runtime_error"))
    throw std::runtime_error("out of stock");
  if (is("derived"))
    throw VeryRefused("no credit");
  if (is("both"))
    throw Both();
  if (is("virtual"))
    throw Virtual();
  if (is("bad_alloc"))
    throw std::bad_alloc();
  if (is("silent"))
    throw Silent();
  if (is("plain"))
    throw Plain{1};
  if (is("colour"))
    throw Colour::Red;
  if (is("int"))
    throw -42;
  if (is("unsigned long long"))
    throw 18446744073709551615ull;
  if (is("char"))
    throw 'x';
  if (is("bool"))
    throw true;
  if (is("double"))
    throw 2.5;
  if (is("text"))
    throw "thrown text";
  if (is("pointer"))
    throw static_cast<Plain *>(nullptr);
  if (is("terminal"))
    throw std::runtime_error("\x1b[31mred\nsecond line");
  if (is("again")) {
    std::exception_ptr kept;
    try {
      throw Refused("kept and thrown again");
    } catch (...) {
      kept = std::current_exception();
    }
    std::rethrow_exception(kept);
  }
}

} // namespace shop

int main(int count, char **words) {
  if (count > 1)
    shop::sell(words[1]);
}
