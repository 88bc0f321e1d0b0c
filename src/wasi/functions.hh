// The functions of preview 1. Parameters are the witx's in its order: u32 for pointers, lengths, descriptors, flags
// and small enumerations, u64/i64 where the witx has 64 bits; results go to the pointers that come last. A function
// returns normally or throws Failure; pointers are checked by Guest, descriptors and rights by Context.
#pragma once

#include "wasi/context.hh"
#include "wasi/guest.hh"

namespace trapeze::wasi {

// process.cpp
void args_get(Context &, Guest &, u32 argv, u32 buffer);
void args_sizes_get(Context &, Guest &, u32 count, u32 size);
void environ_get(Context &, Guest &, u32 entries, u32 buffer);
void environ_sizes_get(Context &, Guest &, u32 count, u32 size);
void clock_res_get(Context &, Guest &, u32 clock, u32 result);
void clock_time_get(Context &, Guest &, u32 clock, u64 precision, u32 result);
void random_get(Context &, Guest &, u32 buffer, u32 size);
void sched_yield(Context &, Guest &);
[[noreturn]] void proc_exit(Context &, Guest &, u32 status);
void proc_raise(Context &, Guest &, u32 signal);

// fd.cpp
void fd_advise(Context &, Guest &, u32 fd, u64 offset, u64 size, u32 advice);
void fd_allocate(Context &, Guest &, u32 fd, u64 offset, u64 size);
void fd_close(Context &, Guest &, u32 fd);
void fd_datasync(Context &, Guest &, u32 fd);
void fd_pread(Context &, Guest &, u32 fd, u32 iovs, u32 count, u64 offset, u32 result);
void fd_pwrite(Context &, Guest &, u32 fd, u32 iovs, u32 count, u64 offset, u32 result);
void fd_read(Context &, Guest &, u32 fd, u32 iovs, u32 count, u32 result);
void fd_write(Context &, Guest &, u32 fd, u32 iovs, u32 count, u32 result);
void fd_readdir(Context &, Guest &, u32 fd, u32 buffer, u32 size, u64 cookie, u32 result);
void fd_renumber(Context &, Guest &, u32 from, u32 to);
void fd_seek(Context &, Guest &, u32 fd, i64 offset, u32 whence, u32 result);
void fd_sync(Context &, Guest &, u32 fd);
void fd_tell(Context &, Guest &, u32 fd, u32 result);

// stat.cpp
void fd_fdstat_get(Context &, Guest &, u32 fd, u32 result);
void fd_fdstat_set_flags(Context &, Guest &, u32 fd, u32 flags);
void fd_fdstat_set_rights(Context &, Guest &, u32 fd, u64 base, u64 inheriting);
void fd_filestat_get(Context &, Guest &, u32 fd, u32 result);
void fd_filestat_set_size(Context &, Guest &, u32 fd, u64 size);
void fd_filestat_set_times(Context &, Guest &, u32 fd, u64 atim, u64 mtim, u32 flags);
void fd_prestat_get(Context &, Guest &, u32 fd, u32 result);
void fd_prestat_dir_name(Context &, Guest &, u32 fd, u32 path, u32 size);
void path_filestat_get(Context &, Guest &, u32 fd, u32 flags, u32 path, u32 size, u32 result);
void path_filestat_set_times(Context &, Guest &, u32 fd, u32 flags, u32 path, u32 size, u64 atim, u64 mtim,
                             u32 fst_flags);

// path.cpp
void path_create_directory(Context &, Guest &, u32 fd, u32 path, u32 size);
void path_link(Context &, Guest &, u32 old_fd, u32 old_flags, u32 old_path, u32 old_size, u32 new_fd, u32 new_path,
               u32 new_size);
void path_open(Context &, Guest &, u32 fd, u32 flags, u32 path, u32 size, u32 open_flags, u64 base, u64 inheriting,
               u32 fd_flags, u32 result);
void path_readlink(Context &, Guest &, u32 fd, u32 path, u32 size, u32 buffer, u32 buffer_size, u32 result);
void path_remove_directory(Context &, Guest &, u32 fd, u32 path, u32 size);
void path_rename(Context &, Guest &, u32 old_fd, u32 old_path, u32 old_size, u32 new_fd, u32 new_path, u32 new_size);
void path_symlink(Context &, Guest &, u32 target, u32 target_size, u32 fd, u32 path, u32 size);
void path_unlink_file(Context &, Guest &, u32 fd, u32 path, u32 size);

// poll.cpp
void poll_oneoff(Context &, Guest &, u32 subscriptions, u32 events, u32 count, u32 result);

// sock.cpp
void sock_accept(Context &, Guest &, u32 fd, u32 flags, u32 result);
void sock_recv(Context &, Guest &, u32 fd, u32 iovs, u32 count, u32 flags, u32 size, u32 out_flags);
void sock_send(Context &, Guest &, u32 fd, u32 iovs, u32 count, u32 flags, u32 size);
void sock_shutdown(Context &, Guest &, u32 fd, u32 how);

// --- shared among them
/// The new descriptor's number goes to `result`; nothing is left open when that pointer is bad.
void publish(Context &, Guest &, Descriptor descriptor, u32 result);
/// fdflags of a host descriptor's status flags, and back.
u16 fdflags_of(int status_flags);
int status_flags_of(u16 flags);
/// The host's clock for preview 1's number; EINVAL.
int host_clock(u32 clock);

} // namespace trapeze::wasi
