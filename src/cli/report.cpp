#include "cli/report.hh"

#include "api/cpp_exception.hh"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include <unistd.h>

namespace trapeze::cli {

bool wants_colour() {
  const char *no_colour = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

namespace {

void print_error(const std::string &message) {
  bool colour = wants_colour();
  std::fprintf(stderr, "%serror:%s %s\n", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "", message.c_str());
}

int aborted(const std::string &message, const std::vector<Frame> &frames) {
  print_error(message);
  std::fputs(to_string(frames).c_str(), stderr);
  return Aborted;
}

/// `uncaught exception __cpp_exception(i32:66576): std::runtime_error: message`
std::string uncaught(const Exception &exception, const Memory &memory) {
  std::string text = std::string("uncaught ") + exception.what();
  if (std::optional<api::CppException> cpp = api::describe_cpp_exception(exception, memory))
    text += ": " + cpp->type + (cpp->what.empty() ? "" : ": " + cpp->what);
  return text;
}

} // namespace

int report_current_exception(const Memory &memory) {
  std::fflush(stdout);
  try {
    throw;
  } catch (const Error &error) {
    std::fputs(error.render(wants_colour()).c_str(), stderr);
    return error.kind() == ErrorKind::Usage ? WrongUsage : BadInput;
  } catch (const Exit &exit) {
    return exit.status();
  } catch (const Trap &trap) {
    return aborted("trap: " + trap.message(), trap.frames());
  } catch (const Exception &exception) {
    return aborted(uncaught(exception, memory), exception.frames());
  } catch (const std::exception &exception) {
    return aborted(std::string("uncaught C++ exception: ") + exception.what(), {});
  }
}

} // namespace trapeze::cli
