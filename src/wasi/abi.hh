// The numbers of WASI preview 1 (wasi_snapshot_preview1.witx): error codes, rights, flags, file types. Records are
// little-endian and written field by field at the offsets the witx gives; the offsets stand where they are used.
#pragma once

#include "base/types.hh"

namespace trapeze::wasi {

enum class Errno : u16 {
  Success = 0,
  TooBig,
  Acces,
  AddrInUse,
  AddrNotAvail,
  AfNoSupport,
  Again,
  Already,
  BadF,
  BadMsg,
  Busy,
  Canceled,
  Child,
  ConnAborted,
  ConnRefused,
  ConnReset,
  DeadLk,
  DestAddrReq,
  Dom,
  DQuot,
  Exist,
  Fault,
  FBig,
  HostUnreach,
  IdRm,
  IlSeq,
  InProgress,
  Intr,
  Inval,
  Io,
  IsConn,
  IsDir,
  Loop,
  MFile,
  MLink,
  MsgSize,
  MultiHop,
  NameTooLong,
  NetDown,
  NetReset,
  NetUnreach,
  NFile,
  NoBufs,
  NoDev,
  NoEnt,
  NoExec,
  NoLck,
  NoLink,
  NoMem,
  NoMsg,
  NoProtoOpt,
  NoSpc,
  NoSys,
  NotConn,
  NotDir,
  NotEmpty,
  NotRecoverable,
  NotSock,
  NotSup,
  NoTty,
  NxIo,
  Overflow,
  OwnerDead,
  Perm,
  Pipe,
  Proto,
  ProtoNoSupport,
  ProtoType,
  Range,
  RoFs,
  SPipe,
  SrCh,
  Stale,
  TimedOut,
  TxtBsy,
  XDev,
  NotCapable,
};

/// The code for a value of the host's errno.
Errno from_host(int host_errno);
/// The code for the host's errno as it is now.
Errno last_error();

/// What a function fails with; the wrapper around every function turns it into the result.
struct Failure {
  Errno code;
};

namespace rights {
enum : u64 {
  fd_datasync = 1u << 0,
  fd_read = 1u << 1,
  fd_seek = 1u << 2,
  fd_fdstat_set_flags = 1u << 3,
  fd_sync = 1u << 4,
  fd_tell = 1u << 5,
  fd_write = 1u << 6,
  fd_advise = 1u << 7,
  fd_allocate = 1u << 8,
  path_create_directory = 1u << 9,
  path_create_file = 1u << 10,
  path_link_source = 1u << 11,
  path_link_target = 1u << 12,
  path_open = 1u << 13,
  fd_readdir = 1u << 14,
  path_readlink = 1u << 15,
  path_rename_source = 1u << 16,
  path_rename_target = 1u << 17,
  path_filestat_get = 1u << 18,
  path_filestat_set_size = 1u << 19,
  path_filestat_set_times = 1u << 20,
  fd_filestat_get = 1u << 21,
  fd_filestat_set_size = 1u << 22,
  fd_filestat_set_times = 1u << 23,
  path_symlink = 1u << 24,
  path_remove_directory = 1u << 25,
  path_unlink_file = 1u << 26,
  poll_fd_readwrite = 1u << 27,
  sock_shutdown = 1u << 28,
  sock_accept = 1u << 29,
};
inline constexpr u64 all = (u64{1} << 30) - 1;
inline constexpr u64 directory = fd_fdstat_set_flags | fd_sync | fd_advise | path_create_directory | path_create_file |
                                 path_link_source | path_link_target | path_open | fd_readdir | path_readlink |
                                 path_rename_source | path_rename_target | path_filestat_get | path_filestat_set_size |
                                 path_filestat_set_times | fd_filestat_get | fd_filestat_set_times | path_symlink |
                                 path_remove_directory | path_unlink_file | poll_fd_readwrite;
inline constexpr u64 file = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync | fd_tell | fd_write |
                            fd_advise | fd_allocate | fd_filestat_get | fd_filestat_set_size | fd_filestat_set_times |
                            poll_fd_readwrite;
/// Pipes, terminals, sockets: nothing that needs a position.
inline constexpr u64 stream = fd_read | fd_write | fd_fdstat_set_flags | fd_filestat_get | poll_fd_readwrite;
inline constexpr u64 socket = stream | sock_shutdown | sock_accept;
} // namespace rights

enum class FileType : u8 {
  Unknown,
  BlockDevice,
  CharacterDevice,
  Directory,
  RegularFile,
  SocketDgram,
  SocketStream,
  SymbolicLink
};

namespace fdflags {
enum : u16 { append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16 };
}

namespace oflags {
enum : u16 { creat = 1, directory = 2, excl = 4, trunc = 8 };
}

namespace lookupflags {
enum : u32 { symlink_follow = 1 };
}

namespace fstflags {
enum : u16 { atim = 1, atim_now = 2, mtim = 4, mtim_now = 8 };
}

} // namespace trapeze::wasi
