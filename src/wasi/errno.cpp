// Host error codes as preview 1's. What has no counterpart becomes EIO.
#include "wasi/abi.hh"

#include <cerrno>

namespace trapeze::wasi {

namespace {

struct Row {
  int host;
  Errno wasi;
};

constexpr Row rows[] = {
    {E2BIG, Errno::TooBig},
    {EACCES, Errno::Acces},
    {EADDRINUSE, Errno::AddrInUse},
    {EADDRNOTAVAIL, Errno::AddrNotAvail},
    {EAFNOSUPPORT, Errno::AfNoSupport},
    {EAGAIN, Errno::Again},
    {EALREADY, Errno::Already},
    {EBADF, Errno::BadF},
    {EBADMSG, Errno::BadMsg},
    {EBUSY, Errno::Busy},
    {ECANCELED, Errno::Canceled},
    {ECHILD, Errno::Child},
    {ECONNABORTED, Errno::ConnAborted},
    {ECONNREFUSED, Errno::ConnRefused},
    {ECONNRESET, Errno::ConnReset},
    {EDEADLK, Errno::DeadLk},
    {EDESTADDRREQ, Errno::DestAddrReq},
    {EDOM, Errno::Dom},
    {EDQUOT, Errno::DQuot},
    {EEXIST, Errno::Exist},
    {EFAULT, Errno::Fault},
    {EFBIG, Errno::FBig},
    {EHOSTUNREACH, Errno::HostUnreach},
    {EIDRM, Errno::IdRm},
    {EILSEQ, Errno::IlSeq},
    {EINPROGRESS, Errno::InProgress},
    {EINTR, Errno::Intr},
    {EINVAL, Errno::Inval},
    {EIO, Errno::Io},
    {EISCONN, Errno::IsConn},
    {EISDIR, Errno::IsDir},
    {ELOOP, Errno::Loop},
    {EMFILE, Errno::MFile},
    {EMLINK, Errno::MLink},
    {EMSGSIZE, Errno::MsgSize},
    {EMULTIHOP, Errno::MultiHop},
    {ENAMETOOLONG, Errno::NameTooLong},
    {ENETDOWN, Errno::NetDown},
    {ENETRESET, Errno::NetReset},
    {ENETUNREACH, Errno::NetUnreach},
    {ENFILE, Errno::NFile},
    {ENOBUFS, Errno::NoBufs},
    {ENODEV, Errno::NoDev},
    {ENOENT, Errno::NoEnt},
    {ENOEXEC, Errno::NoExec},
    {ENOLCK, Errno::NoLck},
    {ENOLINK, Errno::NoLink},
    {ENOMEM, Errno::NoMem},
    {ENOMSG, Errno::NoMsg},
    {ENOPROTOOPT, Errno::NoProtoOpt},
    {ENOSPC, Errno::NoSpc},
    {ENOSYS, Errno::NoSys},
    {ENOTCONN, Errno::NotConn},
    {ENOTDIR, Errno::NotDir},
    {ENOTEMPTY, Errno::NotEmpty},
    {ENOTRECOVERABLE, Errno::NotRecoverable},
    {ENOTSOCK, Errno::NotSock},
    {EOPNOTSUPP, Errno::NotSup},
    {ENOTTY, Errno::NoTty},
    {ENXIO, Errno::NxIo},
    {EOVERFLOW, Errno::Overflow},
    {EOWNERDEAD, Errno::OwnerDead},
    {EPERM, Errno::Perm},
    {EPIPE, Errno::Pipe},
    {EPROTO, Errno::Proto},
    {EPROTONOSUPPORT, Errno::ProtoNoSupport},
    {EPROTOTYPE, Errno::ProtoType},
    {ERANGE, Errno::Range},
    {EROFS, Errno::RoFs},
    {ESPIPE, Errno::SPipe},
    {ESRCH, Errno::SrCh},
    {ESTALE, Errno::Stale},
    {ETIMEDOUT, Errno::TimedOut},
    {ETXTBSY, Errno::TxtBsy},
    {EXDEV, Errno::XDev},
};

} // namespace

Errno from_host(int host_errno) {
  for (const Row &row : rows)
    if (row.host == host_errno)
      return row.wasi;
  return Errno::Io;
}

Errno last_error() { return from_host(errno); }

} // namespace trapeze::wasi
