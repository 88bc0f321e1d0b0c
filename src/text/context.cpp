// Spec: Text Format, Types and Type Uses; Binary Format, Types.
#include "text/context.hh"

#include "text/annotations.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>

namespace trapeze::text {

using wasm::HeapKind;
using wasm::HeapType;
using wasm::ValKind;
using wasm::ValType;

u32 IndexSpace::bind(Cursor &cursor) {
  u32 offset = cursor.peek().offset;
  std::string_view id = cursor.optional_id();
  std::string_view name = id;
  if (!id.empty() && !by_id_.emplace(id, count_).second)
    cursor.fail(offset, fmt::format("duplicate {} ${}", what_, id));
  if (Annotation *annotation = cursor.claim(AnnotationKind::Name))
    name = annotation_name(cursor, *annotation);
  if (!name.empty())
    names_.emplace_back(count_, name);
  return count_++;
}

u32 IndexSpace::use(Cursor &cursor) const {
  if (cursor.at(TokenKind::Nat))
    return cursor.nat32();
  u32 offset = cursor.peek().offset;
  std::string_view id = cursor.optional_id();
  if (id.empty()) {
    cursor.unexpected();
    return 0;
  }
  auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    cursor.fail(offset, fmt::format("unknown {} ${}", what_, id));
    return 0;
  }
  return found->second;
}

void IndexSpace::clear() {
  count_ = 0;
  by_id_.clear();
  names_.clear();
}

namespace {

std::string binary_form(const wasm::FuncType &type) {
  Buffer b;
  write(b, type);
  return {b.bytes.begin(), b.bytes.end()};
}

} // namespace

void Context::add_plain_func(u32 index, const wasm::FuncType &type) { plain_funcs_.emplace(binary_form(type), index); }

u32 Context::func_type_index(const wasm::FuncType &type) {
  auto [entry, is_new] = plain_funcs_.emplace(binary_form(type), static_cast<u32>(known_types.size()));
  if (is_new) {
    known_types.push_back({wasm::CompositeKind::Func, type, true});
    implicit_types.mark(cursor.peek().offset);
    write(implicit_types, type);
    ++implicit_count;
  }
  return entry->second;
}

namespace {

struct HeapRow {
  std::string_view name, ref_name;
  HeapKind kind;
  u8 code;
};

constexpr std::array<HeapRow, 12> heap_rows = {{
    {"func", "funcref", HeapKind::Func, 0x70},
    {"nofunc", "nullfuncref", HeapKind::NoFunc, 0x73},
    {"extern", "externref", HeapKind::Extern, 0x6f},
    {"noextern", "nullexternref", HeapKind::NoExtern, 0x72},
    {"any", "anyref", HeapKind::Any, 0x6e},
    {"eq", "eqref", HeapKind::Eq, 0x6d},
    {"i31", "i31ref", HeapKind::I31, 0x6c},
    {"struct", "structref", HeapKind::Struct, 0x6b},
    {"array", "arrayref", HeapKind::Array, 0x6a},
    {"none", "nullref", HeapKind::None, 0x71},
    {"exn", "exnref", HeapKind::Exn, 0x69},
    {"noexn", "nullexnref", HeapKind::NoExn, 0x74},
}};

struct NumRow {
  std::string_view name;
  ValKind kind;
  u8 code;
};

constexpr std::array<NumRow, 5> num_rows = {{
    {"i32", ValKind::I32, 0x7f},
    {"i64", ValKind::I64, 0x7e},
    {"f32", ValKind::F32, 0x7d},
    {"f64", ValKind::F64, 0x7c},
    {"v128", ValKind::V128, 0x7b},
}};

template <typename Rows, typename Match> auto find_row(const Rows &rows, Match match) {
  auto row = std::find_if(rows.begin(), rows.end(), match);
  return row == rows.end() ? nullptr : &*row;
}

std::string_view keyword(const Cursor &c) { return c.at(TokenKind::Keyword) ? c.text(c.peek()) : std::string_view{}; }

const HeapRow *ref_row(const Cursor &c) {
  return find_row(heap_rows, [word = keyword(c)](const HeapRow &r) { return r.ref_name == word; });
}

const NumRow *num_row(const Cursor &c) {
  return find_row(num_rows, [word = keyword(c)](const NumRow &r) { return r.name == word; });
}

} // namespace

bool at_ref_type(const Cursor &c) { return c.at_open("ref") || ref_row(c); }

bool at_val_type(const Cursor &c) { return at_ref_type(c) || num_row(c); }

HeapType heap_type(Context &ctx) {
  Cursor &c = ctx.cursor;
  if (c.at_index())
    return {HeapKind::Concrete, static_cast<wasm::TypeIndex>(ctx.types.use(c))};
  const HeapRow *row = find_row(heap_rows, [word = keyword(c)](const HeapRow &r) { return r.name == word; });
  if (!row) {
    c.unexpected();
    return {};
  }
  c.advance();
  return {row->kind, {}};
}

ValType ref_type(Context &ctx) {
  Cursor &c = ctx.cursor;
  if (const HeapRow *row = ref_row(c)) {
    c.advance();
    return ValType::ref({row->kind, {}}, true);
  }
  if (!c.take_open("ref")) {
    c.unexpected();
    return wasm::funcref_type;
  }
  bool nullable = c.take_keyword("null");
  HeapType heap = heap_type(ctx);
  c.expect_close();
  return ValType::ref(heap, nullable);
}

ValType val_type(Context &ctx) {
  if (const NumRow *row = num_row(ctx.cursor)) {
    ctx.cursor.advance();
    return ValType(row->kind);
  }
  return ref_type(ctx);
}

wasm::GlobalType global_type(Context &ctx) {
  if (ctx.cursor.take_open("mut")) {
    ValType type = val_type(ctx);
    ctx.cursor.expect_close();
    return {type, true};
  }
  return {val_type(ctx), false};
}

bool address_type(Context &ctx) {
  if (ctx.cursor.take_keyword("i64"))
    return true;
  ctx.cursor.take_keyword("i32");
  return false;
}

// Bounds of 32-bit limits are validation's, as in the binary format.
wasm::Limits limits(Context &ctx, bool is_64) {
  wasm::Limits l;
  l.is_64 = is_64;
  l.min = ctx.cursor.nat(~u64{0});
  l.has_max = ctx.cursor.at(TokenKind::Nat);
  if (l.has_max)
    l.max = ctx.cursor.nat(~u64{0});
  return l;
}

wasm::TableType table_type(Context &ctx) {
  bool is_64 = address_type(ctx);
  wasm::TableType type;
  type.limits = limits(ctx, is_64);
  type.element = ref_type(ctx);
  return type;
}

void page_size(Context &ctx, wasm::MemoryType &type) {
  Cursor &c = ctx.cursor;
  if (!c.take_open("pagesize"))
    return;
  u32 offset = c.peek().offset;
  u64 size = c.nat(~u64{0});
  if (!std::has_single_bit(size))
    c.fail(offset, "invalid custom page size");
  else
    type.page_size_log2 = static_cast<u8>(std::countr_zero(size));
  c.expect_close();
}

wasm::MemoryType memory_type(Context &ctx) {
  bool is_64 = address_type(ctx);
  wasm::MemoryType type;
  type.limits = limits(ctx, is_64);
  type.is_shared = ctx.cursor.take_keyword("shared");
  page_size(ctx, type);
  return type;
}

wasm::FuncType signature(Context &ctx, IndexSpace *locals, bool ids_allowed) {
  Cursor &c = ctx.cursor;
  wasm::FuncType type;
  while (c.take_open("param")) {
    if (c.at(TokenKind::Id) && ids_allowed) {
      if (locals)
        locals->bind(c);
      else
        c.optional_id();
      type.params.push_back(val_type(ctx));
    } else {
      while (at_val_type(c)) {
        if (locals)
          locals->bind(c);
        type.params.push_back(val_type(ctx));
      }
    }
    c.expect_close();
  }
  while (c.take_open("result")) {
    while (at_val_type(c))
      type.results.push_back(val_type(ctx));
    c.expect_close();
  }
  return type;
}

namespace {

struct TypeUse {
  bool is_explicit = false;
  u32 index = 0;
  wasm::FuncType inline_type;
};

TypeUse parse_type_use(Context &ctx, IndexSpace *locals, bool ids_allowed) {
  Cursor &c = ctx.cursor;
  TypeUse use;
  u32 offset = c.peek().offset;
  use.is_explicit = c.take_open("type");
  if (use.is_explicit) {
    offset = c.peek().offset;
    use.index = ctx.types.use(c);
    c.expect_close();
  }
  use.inline_type = signature(ctx, locals, ids_allowed);
  if (!use.is_explicit || (use.inline_type.params.empty() && use.inline_type.results.empty()))
    return use;
  if (use.index >= ctx.known_types.size())
    c.fail(offset, "unknown type");
  else if (const KnownType &known = ctx.known_types[use.index];
           known.kind != wasm::CompositeKind::Func || known.func != use.inline_type)
    c.fail(offset, "inline function type does not match the type");
  return use;
}

} // namespace

u32 type_use(Context &ctx, IndexSpace *locals, bool ids_allowed) {
  TypeUse use = parse_type_use(ctx, locals, ids_allowed);
  if (!use.is_explicit)
    return ctx.func_type_index(use.inline_type);
  // Parameters that are not repeated inline are locals without a name.
  if (locals && locals->count() == 0 && use.index < ctx.known_types.size())
    for (usize i = 0; i < ctx.known_types[use.index].func.params.size(); ++i)
      locals->bind_anonymous();
  return use.index;
}

void block_type(Context &ctx, Buffer &out) {
  TypeUse use = parse_type_use(ctx, nullptr, false);
  if (use.is_explicit)
    out.leb_s64(use.index);
  else if (!use.inline_type.params.empty() || use.inline_type.results.size() > 1)
    out.leb_s64(ctx.func_type_index(use.inline_type));
  else if (use.inline_type.results.empty())
    out.byte(0x40);
  else
    write(out, use.inline_type.results[0]);
}

void write(Buffer &out, HeapType type) {
  if (type.kind == HeapKind::Concrete)
    out.leb_s64(static_cast<i64>(static_cast<u32>(type.index)));
  else
    out.byte(find_row(heap_rows, [&](const HeapRow &r) { return r.kind == type.kind; })->code);
}

void write(Buffer &out, ValType type) {
  if (!type.is_ref()) {
    out.byte(find_row(num_rows, [&](const NumRow &r) { return r.kind == type.kind(); })->code);
    return;
  }
  bool is_short = type.is_nullable() && type.heap().kind != HeapKind::Concrete;
  if (!is_short)
    out.byte(type.is_nullable() ? 0x63 : 0x64);
  write(out, type.heap());
}

void write(Buffer &out, const wasm::FuncType &type) {
  out.byte(0x60);
  for (const auto *list : {&type.params, &type.results}) {
    out.leb_u32(static_cast<u32>(list->size()));
    for (ValType t : *list)
      write(out, t);
  }
}

void write(Buffer &out, const wasm::Limits &l, u32 flags) {
  out.byte(flags | (l.has_max ? 1 : 0) | (l.is_64 ? 4 : 0));
  out.leb_u64(l.min);
  if (l.has_max)
    out.leb_u64(l.max);
}

void write(Buffer &out, const wasm::TableType &type) {
  write(out, type.element);
  write(out, type.limits, 0);
}

void write(Buffer &out, const wasm::MemoryType &type) {
  bool custom_page = type.page_size_log2 != 16;
  write(out, type.limits, (type.is_shared ? 2 : 0) | (custom_page ? 8 : 0));
  if (custom_page)
    out.leb_u32(type.page_size_log2);
}

void write(Buffer &out, const wasm::GlobalType &type) {
  write(out, type.type);
  out.byte(type.is_mutable);
}

} // namespace trapeze::text
