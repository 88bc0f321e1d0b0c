// Values and references.
#include "api/convert.hh"

#include <fmt/format.h>

#include <cmath>

namespace trapeze::v1 {

// --- references

std::uint32_t Ref::raw() const { return root_ ? root_->ref.raw() : 0; }
Store *Ref::store() const { return root_ && root_->ref.store() ? root_->store->outer : nullptr; }

ExternRef::ExternRef(Store &store, std::any value) {
  detail::StoreImpl &impl = store.impl();
  detail::reap_externs(impl);
  if (impl.free_externs.empty()) {
    impl.free_externs.push_back(impl.externs.size());
    impl.externs.emplace_back();
  }
  u64 index = impl.free_externs.back();
  runtime::Ref ref = impl.store->make_extern(index | detail::extern_mark);
  if (ref.is_null())
    throw Error(ErrorKind::Resource, "no memory for an external reference");
  impl.free_externs.pop_back();
  impl.externs[index] = std::move(value);
  root_ = std::make_shared<detail::Root>(detail::Root{std::move(ref), &impl});
}

std::any &ExternRef::value() const {
  if (!*this)
    api::wrong_use("null external reference");
  u64 number = root_->store->store->extern_value(raw());
  if (!(number & detail::extern_mark))
    api::wrong_use("the external reference carries no host object");
  return root_->store->externs[number & ~detail::extern_mark];
}

bool ExnRef::is_foreign() const { return *this && !root_->store->store->exception_tag(raw()); }

std::exception_ptr ExnRef::foreign() const {
  return *this ? root_->store->store->foreign_exception(raw()) : std::exception_ptr();
}

Tag ExnRef::tag() const {
  runtime::Tag *tag = *this ? root_->store->store->exception_tag(raw()) : nullptr;
  return tag ? Tag(root_->store, tag) : Tag();
}

std::vector<Val> ExnRef::values() const {
  std::vector<Val> out;
  if (Tag t = tag()) {
    std::span<const runtime::ValueCell> fields = root_->store->store->exception_fields(raw());
    const std::vector<wasm::ValType> &types = api::raw(t)->type().params;
    for (usize i = 0; i < types.size(); ++i)
      out.push_back(api::val_of(*root_->store, types[i], fields[i]));
  }
  return out;
}

namespace detail {

void reap_externs(StoreImpl &store) {
  for (u64 number : store.store->take_dead_externs()) {
    u64 index = number & ~extern_mark;
    std::any dead = std::move(store.externs[index]);
    store.externs[index].reset();
    store.free_externs.push_back(index);
  }
}

std::uint32_t raw_of(const Ref &ref, StoreImpl *store) {
  std::uint32_t raw = ref.raw();
  if (raw != 0)
    api::check_store(ref.root()->store, store, "a reference");
  return raw;
}

std::uint32_t raw_of(const Func &func, StoreImpl *store) {
  if (!func)
    return 0;
  api::check_store(func.store_impl(), store, "a function");
  return api::raw(func).raw();
}

std::shared_ptr<Root> root_of(StoreImpl *store, std::uint32_t raw) {
  return raw == 0 ? nullptr : std::make_shared<Root>(Root{runtime::Ref(*store->store, raw), store});
}

Func func_of(StoreImpl *store, std::uint32_t raw) {
  return raw == 0 ? Func() : Func(store, store->store->func_of(raw).ref());
}

} // namespace detail

// --- values

Val::Val(Func f) : type_(ValType::funcref()), ref_(f) {}
Val::Val(ExternRef r) : type_(ValType::externref()), ref_(Ref(std::move(r))) {}
Val::Val(ExnRef r) : type_(ValType::exnref()), ref_(Ref(std::move(r))) {}
Val::Val(AnyRef r) : type_(ValType::anyref()), ref_(Ref(std::move(r))) {}

Val Val::f32_bits(std::uint32_t bits) {
  Val v;
  v.type_ = ValType::f32();
  v.set_bits(bits);
  return v;
}

Val Val::f64_bits(std::uint64_t bits) {
  Val v;
  v.type_ = ValType::f64();
  v.set_bits(bits);
  return v;
}

Val Val::null(HeapKind heap) {
  Val v;
  v.type_ = ValType::ref(heap);
  if (heap == HeapKind::Func || heap == HeapKind::NoFunc)
    v.ref_ = Func();
  else
    v.ref_ = Ref();
  return v;
}

Val Val::default_of(ValType type) {
  if (type.is_ref()) {
    if (!type.nullable)
      api::wrong_use(fmt::format("{} has no default value", to_string(type)));
    return null(type.heap);
  }
  Val v;
  v.type_ = type;
  return v;
}

namespace {

void check_kind(const Val &value, ValKind kind, const char *wanted) {
  if (value.type().kind != kind)
    api::wrong_use(fmt::format("value is {}, not {}", to_string(value.type()), wanted));
}

template <typename T> T read(const std::array<std::uint8_t, 16> &bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

} // namespace

std::int32_t Val::i32() const {
  check_kind(*this, ValKind::I32, "i32");
  return read<std::int32_t>(bytes_);
}
std::int64_t Val::i64() const {
  check_kind(*this, ValKind::I64, "i64");
  return read<std::int64_t>(bytes_);
}
float Val::f32() const {
  check_kind(*this, ValKind::F32, "f32");
  return read<float>(bytes_);
}
double Val::f64() const {
  check_kind(*this, ValKind::F64, "f64");
  return read<double>(bytes_);
}
std::uint32_t Val::f32_bits() const {
  check_kind(*this, ValKind::F32, "f32");
  return read<std::uint32_t>(bytes_);
}
std::uint64_t Val::f64_bits() const {
  check_kind(*this, ValKind::F64, "f64");
  return read<std::uint64_t>(bytes_);
}
V128 Val::v128() const {
  check_kind(*this, ValKind::V128, "v128");
  return {bytes_};
}

Func Val::func() const {
  const Func *f = std::get_if<Func>(&ref_);
  if (!f)
    api::wrong_use(fmt::format("value is {}, not funcref", to_string(type_)));
  return *f;
}

ExternRef Val::ext() const {
  const Ref *r = std::get_if<Ref>(&ref_);
  if (!r || type_.heap != HeapKind::Extern)
    api::wrong_use(fmt::format("value is {}, not externref", to_string(type_)));
  return ExternRef(r->root());
}

ExnRef Val::exn() const {
  const Ref *r = std::get_if<Ref>(&ref_);
  if (!r || type_.heap != HeapKind::Exn)
    api::wrong_use(fmt::format("value is {}, not exnref", to_string(type_)));
  return ExnRef(r->root());
}

AnyRef Val::any() const {
  const Ref *r = std::get_if<Ref>(&ref_);
  if (!r)
    api::wrong_use(fmt::format("value is {}, not a reference to an object", to_string(type_)));
  return AnyRef(r->root());
}

bool Val::is_null() const {
  if (const Func *f = std::get_if<Func>(&ref_))
    return !*f;
  const Ref *r = std::get_if<Ref>(&ref_);
  return r && !*r;
}

bool operator==(const Val &a, const Val &b) { return a.type_ == b.type_ && a.bytes_ == b.bytes_ && a.ref_ == b.ref_; }

namespace {

template <typename T> std::string float_text(T value) {
  if (std::isnan(value)) {
    using Bits = std::conditional_t<sizeof(T) == 4, u32, u64>;
    constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;
    Bits bits;
    std::memcpy(&bits, &value, sizeof bits);
    Bits payload = bits & ((Bits{1} << mantissa) - 1);
    const char *sign = std::signbit(value) ? "-" : "";
    return payload == Bits{1} << (mantissa - 1) ? fmt::format("{}nan", sign)
                                                : fmt::format("{}nan:{:#x}", sign, payload);
  }
  return fmt::format("{}", value);
}

} // namespace

std::string value_text(const Val &value) {
  switch (value.type().kind) {
  case ValKind::I32:
    return fmt::format("{}", value.i32());
  case ValKind::I64:
    return fmt::format("{}", value.i64());
  case ValKind::F32:
    return float_text(value.f32());
  case ValKind::F64:
    return float_text(value.f64());
  case ValKind::V128: {
    std::string out = "0x";
    for (int i = 15; i >= 0; --i)
      out += fmt::format("{:02x}", value.bytes()[static_cast<usize>(i)]);
    return out;
  }
  case ValKind::Ref:
    break;
  }
  if (value.is_null())
    return "null";
  if (value.type().heap == HeapKind::Func)
    return "func";
  return value.type().heap == HeapKind::Extern ? "extern" : value.type().heap == HeapKind::Exn ? "exn" : "any";
}

std::string to_string(const Val &value) { return fmt::format("{}:{}", to_string(value.type()), value_text(value)); }

} // namespace trapeze::v1
