// Sockets: preview 1 can accept, receive, send and shut down on descriptors the host handed over.
#include "wasi/functions.hh"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>

namespace trapeze::wasi {

namespace {

constexpr u32 recv_peek = 1, recv_waitall = 2, recv_data_truncated = 1;
constexpr u32 shut_read = 1, shut_write = 2;

Descriptor &socket_descriptor(Context &c, u32 fd, u64 needed) {
  Descriptor &d = c.descriptor(fd);
  if (d.type != FileType::SocketStream && d.type != FileType::SocketDgram)
    throw Failure{Errno::NotSock};
  return c.descriptor(fd, needed);
}

} // namespace

void sock_accept(Context &c, Guest &guest, u32 fd, u32 flags, u32 result) {
  Descriptor &listener = socket_descriptor(c, fd, rights::sock_accept);
  guest.bytes(result, 4);
  Descriptor d;
  d.owned =
      OwnedFd(accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | (flags & fdflags::nonblock ? SOCK_NONBLOCK : 0)));
  if (!d.owned)
    throw Failure{last_error()};
  d.fd = d.owned.get();
  d.type = listener.type;
  d.base = rights::socket;
  publish(c, guest, std::move(d), result);
}

void sock_recv(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u32 flags, u32 size, u32 out_flags) {
  Descriptor &d = socket_descriptor(c, fd, rights::fd_read);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(size, 4);
  guest.bytes(out_flags, 2);
  if (flags & ~(recv_peek | recv_waitall))
    throw Failure{Errno::Inval};
  msghdr message{};
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  ssize_t n = recvmsg(d.fd, &message, (flags & recv_peek ? MSG_PEEK : 0) | (flags & recv_waitall ? MSG_WAITALL : 0));
  if (n < 0)
    throw Failure{last_error()};
  guest.write<u32>(size, static_cast<u32>(n));
  guest.write<u16>(out_flags, message.msg_flags & MSG_TRUNC ? recv_data_truncated : 0);
}

void sock_send(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u32 flags, u32 size) {
  Descriptor &d = socket_descriptor(c, fd, rights::fd_write);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(size, 4);
  if (flags != 0)
    throw Failure{Errno::Inval};
  msghdr message{};
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  ssize_t n = sendmsg(d.fd, &message, MSG_NOSIGNAL);
  if (n < 0)
    throw Failure{last_error()};
  guest.write<u32>(size, static_cast<u32>(n));
}

void sock_shutdown(Context &c, Guest &, u32 fd, u32 how) {
  Descriptor &d = socket_descriptor(c, fd, rights::sock_shutdown);
  if (how == 0 || (how & ~(shut_read | shut_write)))
    throw Failure{Errno::Inval};
  int host_how = how == shut_read ? SHUT_RD : how == shut_write ? SHUT_WR : SHUT_RDWR;
  if (shutdown(d.fd, host_how) != 0)
    throw Failure{last_error()};
}

} // namespace trapeze::wasi
