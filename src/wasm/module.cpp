// Subtyping inside a module, and look-ups in name maps. Spec: Validation, Matching.
//
// The abstract heap types form four trees: any > eq > {i31, struct, array} > none, func > nofunc, extern > noextern,
// exn > noexn. A type index sits below the abstract type of its kind and below the supertypes it declares; the walk up
// that chain is at most max_subtyping_depth steps and compares canonical indices.
#include "wasm/module.hh"

namespace trapeze::wasm {

namespace {

constexpr u16 bit(HeapKind kind) { return static_cast<u16>(1u << static_cast<u32>(kind)); }

template <typename... Kinds> constexpr u16 set(Kinds... kinds) { return static_cast<u16>((bit(kinds) | ...)); }

/// Row `sub`: the abstract heap types above it, itself included.
constexpr u16 abstract_supers[] = {
    set(HeapKind::Func),
    set(HeapKind::NoFunc, HeapKind::Func),
    set(HeapKind::Extern),
    set(HeapKind::NoExtern, HeapKind::Extern),
    set(HeapKind::Any),
    set(HeapKind::Eq, HeapKind::Any),
    set(HeapKind::I31, HeapKind::Eq, HeapKind::Any),
    set(HeapKind::Struct, HeapKind::Eq, HeapKind::Any),
    set(HeapKind::Array, HeapKind::Eq, HeapKind::Any),
    set(HeapKind::None, HeapKind::I31, HeapKind::Struct, HeapKind::Array, HeapKind::Eq, HeapKind::Any),
    set(HeapKind::Exn),
    set(HeapKind::NoExn, HeapKind::Exn),
};

/// `sub` <: `super`, both indices.
bool concrete_matches(const Module &m, u32 sub, u32 super) {
  const u32 wanted = m.canonical[super];
  while (m.canonical[sub] != wanted) {
    const SubType &type = m.types[sub];
    if (!type.has_super)
      return false;
    sub = static_cast<u32>(type.super);
  }
  return true;
}

} // namespace

HeapKind abstract_of(CompositeKind kind) {
  constexpr HeapKind kinds[] = {HeapKind::Func, HeapKind::Struct, HeapKind::Array};
  return kinds[static_cast<u32>(kind)];
}

bool matches(HeapKind sub, HeapKind super) { return abstract_supers[static_cast<u32>(sub)] & bit(super); }

bool matches(const Module &m, HeapType sub, HeapType super) {
  if (sub == super || sub.kind == HeapKind::Bottom)
    return true;
  if (super.kind == HeapKind::Bottom)
    return false;
  if (sub.kind == HeapKind::Concrete) {
    const u32 index = static_cast<u32>(sub.index);
    if (super.kind == HeapKind::Concrete)
      return concrete_matches(m, index, static_cast<u32>(super.index));
    return abstract_supers[static_cast<u32>(abstract_of(m.types[index].kind))] & bit(super.kind);
  }
  if (super.kind == HeapKind::Concrete) {
    const CompositeKind kind = m.types[static_cast<u32>(super.index)].kind;
    return sub.kind == (kind == CompositeKind::Func ? HeapKind::NoFunc : HeapKind::None);
  }
  return abstract_supers[static_cast<u32>(sub.kind)] & bit(super.kind);
}

bool matches(const Module &m, ValType sub, ValType super) {
  if (sub.kind() == ValKind::Bottom)
    return true;
  if (!sub.is_ref() || !super.is_ref())
    return sub.kind() == super.kind();
  return (super.is_nullable() || !sub.is_nullable()) && matches(m, sub.heap(), super.heap());
}

} // namespace trapeze::wasm
