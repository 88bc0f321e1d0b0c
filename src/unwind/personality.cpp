// The order in each: log what is known before anything is read, then look up, then decide.
#include "unwind/personality.hh"

#include "image/lsda.hh"
#include "unwind/code_map.hh"
#include "unwind/frame.hh"
#include "unwind/log.hh"
#include "unwind/walk.hh"

namespace trapeze::unwind {

namespace {

Border border_{};

/// The pc of the call: a return address may be the first byte behind its function.
u64 pc_of(_Unwind_Context *context) {
  int is_before = 0;
  u64 pc = _Unwind_GetIPInfo(context, &is_before);
  return is_before != 0 ? pc : pc - 1;
}

const char *phase_of(_Unwind_Action actions) {
  if ((actions & _UA_FORCE_UNWIND) != 0)
    return "forced";
  if ((actions & _UA_SEARCH_PHASE) != 0)
    return "search";
  return (actions & _UA_HANDLER_FRAME) != 0 ? "handler" : "cleanup";
}

struct Match {
  u64 landing_pad;
  image::LsdaClause clause;
};

/// The clause of this frame that takes the exception.
bool find_match(u64 pc, u64 fp, const _Unwind_Exception *object, Match &match) {
  const LoadedImage *loaded = CodeMap::get().find(pc);
  if (loaded == nullptr)
    return false;
  u32 offset = loaded->offset_of(pc);
  const image::FunctionRow *function = loaded->image->find_function(offset);
  if (function == nullptr)
    return false;
  const image::LsdaView &tables = loaded->lsda;
  u32 row = static_cast<u32>(function - loaded->image->functions.data());
  if (row >= tables.offset_of.size() || tables.offset_of[row] >= tables.areas.size()) // no_lsda too
    return false;
  image::LsdaReader reader(tables.areas.subspan(tables.offset_of[row]), tables.tags);
  image::LsdaCall call;
  if (!reader.find(offset - function->code_offset, call) || call.action == 0)
    return false;
  // A function with regions keeps its instance at [fp - 8] (abi/convention.hh).
  const u8 *instance = reinterpret_cast<const u8 *>(load_word(fp - 8));
  const void *thrown = is_wasm(object) ? reinterpret_cast<const UnwindException *>(object)->tag : nullptr;
  auto chain = reader.chain(call.action);
  while (chain.next(match.clause)) {
    bool is_all = match.clause.tag == image::catch_all_tag;
    bool matches = is_all || loaded->has_tag(instance, loaded->place_of_tag(match.clause.tag), thrown);
    if (logs_eh)
      log_line("    clause %u: catch%s, tag %d: %s", match.clause.filter - 1, is_all ? "_all" : "",
               static_cast<int>(match.clause.tag), matches ? "matches" : "other tag");
    if (!matches)
      continue;
    u64 pad = u64{function->code_offset} + call.landing_pad;
    match.landing_pad = reinterpret_cast<u64>(loaded->base) + pad;
    return pad < loaded->size;
  }
  return false;
}

void log_call(const char *name, _Unwind_Action actions, _Unwind_Exception_Class exception_class, u64 pc) {
  log_line("%s phase=%s pc=0x%llx class=%s", name, phase_of(actions), static_cast<unsigned long long>(pc),
           exception_class == unwind::exception_class ? "wasm" : "foreign");
}

} // namespace

void set_border(Border border) { border_ = border; }

extern "C" _Unwind_Reason_Code trapeze_personality(int version, _Unwind_Action actions,
                                                   _Unwind_Exception_Class exception_class, _Unwind_Exception *object,
                                                   _Unwind_Context *context) {
  u64 pc = pc_of(context);
  if (logs_eh)
    log_call("personality", actions, exception_class, pc);
  if (version != 1)
    return _URC_FATAL_PHASE1_ERROR;
  bool is_search = (actions & _UA_SEARCH_PHASE) != 0;
  // The handler frame is the one that said so: any other goes on at once.
  if ((actions & _UA_FORCE_UNWIND) != 0 || (!is_search && (actions & _UA_HANDLER_FRAME) == 0))
    return _URC_CONTINUE_UNWIND;
  Match match;
  if (!find_match(pc, frame_pointer(context), object, match))
    return is_search ? _URC_CONTINUE_UNWIND : _URC_FATAL_PHASE2_ERROR;
  if (logs_eh)
    log_line("  clause=%u -> pad 0x%llx%s", match.clause.filter - 1, static_cast<unsigned long long>(match.landing_pad),
             is_search ? ": handler found" : ": lands");
  if (is_search)
    return _URC_HANDLER_FOUND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), reinterpret_cast<_Unwind_Word>(object));
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), match.clause.filter);
  _Unwind_SetIP(context, match.landing_pad);
  return _URC_INSTALL_CONTEXT;
}

extern "C" _Unwind_Reason_Code trapeze_border_personality(int version, _Unwind_Action actions,
                                                          _Unwind_Exception_Class exception_class,
                                                          _Unwind_Exception *object, _Unwind_Context *context) {
  if (logs_eh)
    log_call("border", actions, exception_class, pc_of(context));
  if (version != 1)
    return _URC_FATAL_PHASE1_ERROR;
  bool is_search = (actions & _UA_SEARCH_PHASE) != 0;
  if (!is_wasm(object) || (actions & _UA_FORCE_UNWIND) != 0) {
    if (!is_search)
      restore_host_modes(frame_pointer(context));
    return _URC_CONTINUE_UNWIND;
  }
  if (is_search) {
    border_.depart(*as_wasm(object));
    return _URC_HANDLER_FOUND;
  }
  if ((actions & _UA_HANDLER_FRAME) == 0)
    return _URC_CONTINUE_UNWIND;
  _Unwind_SetIP(context, reinterpret_cast<_Unwind_Ptr>(border_.pad));
  return _URC_INSTALL_CONTEXT;
}

} // namespace trapeze::unwind
