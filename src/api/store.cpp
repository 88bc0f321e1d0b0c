// Stores and interruption.
#include "api/impl.hh"

namespace trapeze::v1 {

Store::Store(const Engine &engine) : impl_(new detail::StoreImpl{engine, this, {}, {}, {}, {}, nullptr}) {
  impl_->store = api::unwrap(runtime::Store::create(engine.impl().engine));
  impl_->store->set_stack_size(engine.config().stack_size);
}

Store::~Store() = default;

const Engine &Store::engine() const { return impl_->engine; }
InterruptHandle Store::interrupt_handle() const {
  return InterruptHandle(
      std::make_shared<InterruptHandle::State>(InterruptHandle::State{impl_->store->interrupt_handle()}));
}
void Store::collect() {
  impl_->store->collect();
  detail::reap_externs(*impl_);
}
std::size_t Store::heap_objects() const { return impl_->store->stats().heap_objects; }
std::any &Store::data() { return impl_->data; }

void InterruptHandle::interrupt() const {
  if (state_)
    state_->handle.interrupt();
}

detail::StoreImpl &detail::impl_of(Store &store) { return store.impl(); }

} // namespace trapeze::v1
