// Linux: sigaction(2) with SA_SIGINFO | SA_ONSTACK. A fault that the resolver takes continues at another pc when
// the handler returns; the kernel restores the signal mask on the way.
#include "os/signals_linux.hh"

#include <array>
#include <csignal>
#include <mutex>

namespace trapeze::os {

namespace {

constexpr std::array<int, 4> fault_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE};
struct sigaction previous_actions[64];
FaultResolver fault_resolver;

FaultKind kind_of(int signal) {
  return signal == SIGILL ? FaultKind::Illegal : signal == SIGFPE ? FaultKind::Arithmetic : FaultKind::Access;
}

/// What would have happened without us.
void pass_on(int signal, siginfo_t *info, void *context) {
  const struct sigaction &previous = previous_actions[signal];
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr)
    return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
    return previous.sa_handler(signal);
  // Default: the instruction faults again without a handler. A signal that was sent by a process is sent again.
  struct sigaction restored{};
  restored.sa_handler = SIG_DFL;
  sigaction(signal, &restored, nullptr);
  if (info->si_code <= 0)
    raise(signal);
}

void on_fault(int signal, siginfo_t *info, void *raw_context) {
  auto &context = *static_cast<ucontext_t *>(raw_context);
  Fault fault{kind_of(signal), 0, 0, 0, 0, reinterpret_cast<u64>(info->si_addr)};
  read_registers(context, fault);
  Resume resume{};
  if (info->si_code > 0 && fault_resolver(fault, resume))
    write_resume(context, resume);
  else
    pass_on(signal, info, raw_context);
}

bool install() {
  for (int signal : fault_signals) {
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, &previous_actions[signal]) != 0)
      return false;
  }
  return true;
}

} // namespace

bool install_fault_handlers(FaultResolver resolver) {
  static std::once_flag once;
  static bool installed = false;
  std::call_once(once, [resolver] {
    fault_resolver = resolver;
    installed = install();
  });
  return installed;
}

FaultHandlers fault_handlers() {
  FaultHandlers out{fault_signals.size(), 0, 0};
  for (int signal : fault_signals) {
    struct sigaction now{};
    sigaction(signal, nullptr, &now);
    out.ours += (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault;
    const struct sigaction &previous = previous_actions[signal];
    out.chained += (previous.sa_flags & SA_SIGINFO) != 0
                       ? previous.sa_sigaction != nullptr
                       : previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN;
  }
  return out;
}

} // namespace trapeze::os
