// Types and values between the public interface and the runtime. Runtime types here are engine types: concrete heap
// types carry the engine's ids, as the public ValType::type_id does.
#pragma once

#include "api/impl.hh"

#include <span>

namespace trapeze::api {

wasm::ValType to_wasm(v1::ValType type);
wasm::FuncType to_wasm(const v1::FuncType &type);
wasm::Limits to_wasm(const v1::Limits &limits);
wasm::TableType to_wasm(const v1::TableType &type);
wasm::MemoryType to_wasm(const v1::MemoryType &type);
wasm::GlobalType to_wasm(const v1::GlobalType &type);

v1::ValType to_public(wasm::ValType type);
std::vector<v1::ValType> to_public(const std::vector<wasm::ValType> &types);
v1::FuncType to_public(const wasm::FuncType &type);
v1::TableType to_public(const wasm::TableType &type);
v1::MemoryType to_public(const wasm::MemoryType &type);
v1::GlobalType to_public(const wasm::GlobalType &type);

v1::Extern to_public(StoreImpl &store, const runtime::Extern &what);
runtime::Extern to_runtime(const v1::Extern &what);

/// The value for a place of that type. Error (Usage), naming `what`, if it does not fit.
runtime::ValueCell cell_for(StoreImpl &store, const v1::Val &value, wasm::ValType type, const char *what);
std::vector<runtime::ValueCell> cells_for(StoreImpl &store, std::span<const v1::Val> values,
                                          std::span<const wasm::ValType> types, const char *what);
/// Roots what is a reference.
v1::Val val_of(StoreImpl &store, wasm::ValType type, const runtime::ValueCell &cell);

} // namespace trapeze::api
