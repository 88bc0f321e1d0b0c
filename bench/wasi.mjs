// As much of WASI preview 1 as the programs of bench/run use, for JavaScript engines: Node's own module exists in Node
// only, and one implementation makes what the engines are compared by the same. What is not here answers NOSYS. Errors are the numbers of WASI's `errno`.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const [OK, BADF, INVAL, IO, NOENT, NOSYS] = [0, 8, 28, 29, 44, 52];
const [DIRECTORY, REGULAR, CHARACTER] = [3, 4, 2];
const [O_CREAT, O_DIRECTORY, O_EXCL, O_TRUNC] = [1, 2, 4, 8];
const RIGHT_FD_WRITE = 64n;

export class Exit extends Error {
  constructor(status) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/// The imports of a program with these arguments and the current directory as its `.`; `bind(memory)` once there is one.
export function wasi(args) {
  const files = [0, 1, 2].map(fd => ({fd, type: CHARACTER}));
  files.push({name: '.', host: process.cwd(), type: DIRECTORY});
  let memory, view = new DataView(new ArrayBuffer(0));
  const data = () => view.buffer === memory.buffer ? view : view = new DataView(memory.buffer);
  const bytes = (at, size) => new Uint8Array(memory.buffer, at, size);
  const text = (at, size) => new TextDecoder().decode(bytes(at, size));
  const strings = args.map(arg => new TextEncoder().encode(arg + '\0'));
  const guard = step => {
    try {
      return step() ?? OK;
    } catch (fault) {
      if (fault instanceof Exit) throw fault;
      return fault.code === 'ENOENT' ? NOENT : IO;
    }
  };

  /// Calls step(bytes, position) for each part of an iovec; `position` null: where the file stands.
  const vector = (fd, at, count, result, step) => guard(() => {
    const file = files[fd];
    if (file?.fd === undefined) return BADF;
    let total = 0;
    for (let i = 0; i < count; ++i) {
      const start = data().getUint32(at + 8 * i, true), size = data().getUint32(at + 8 * i + 4, true);
      const done = size ? step(file.fd, bytes(start, size), file.type === REGULAR ? file.position : null) : 0;
      file.position += done;
      total += done;
      if (done < size) break;
    }
    data().setUint32(result, total, true);
  });

  const put_stat = (at, stat) => {
    bytes(at, 64).fill(0);
    data().setBigUint64(at + 8, BigInt(stat.ino), true);
    data().setUint8(at + 16, stat.isDirectory() ? DIRECTORY : stat.isFile() ? REGULAR : CHARACTER);
    data().setBigUint64(at + 24, BigInt(stat.nlink), true);
    data().setBigUint64(at + 32, BigInt(stat.size), true);
    [stat.atimeMs, stat.mtimeMs, stat.ctimeMs].forEach((time, i) =>
      data().setBigUint64(at + 40 + 8 * i, BigInt(Math.round(time)) * 1000000n, true));
  };
  const under = (dir, at, size) => path.join(files[dir].host, text(at, size));

  const imports = {
    args_sizes_get: (count, size) => {
      data().setUint32(count, strings.length, true);
      data().setUint32(size, strings.reduce((sum, string) => sum + string.length, 0), true);
      return OK;
    },
    args_get: (pointers, at) => {
      for (const string of strings) {
        data().setUint32(pointers, at, true);
        bytes(at, string.length).set(string);
        pointers += 4;
        at += string.length;
      }
      return OK;
    },
    environ_sizes_get: (count, size) => {
      data().setUint32(count, 0, true);
      data().setUint32(size, 0, true);
      return OK;
    },
    environ_get: () => OK,
    clock_time_get: (id, precision, at) => {
      data().setBigUint64(at, id === 0 ? BigInt(Date.now()) * 1000000n : process.hrtime.bigint(), true);
      return OK;
    },
    random_get: (at, size) => {
      crypto.randomFillSync(bytes(at, size));
      return OK;
    },
    fd_close: fd => guard(() => {
      if (!files[fd]) return BADF;
      if (files[fd].type === REGULAR) fs.closeSync(files[fd].fd);
      delete files[fd];
    }),
    fd_fdstat_get: (fd, at) => {
      if (!files[fd]) return BADF;
      bytes(at, 24).fill(0);
      data().setUint8(at, files[fd].type);
      data().setBigUint64(at + 8, ~0n, true);
      data().setBigUint64(at + 16, ~0n, true);
      return OK;
    },
    fd_filestat_get: (fd, at) => guard(() => files[fd] ? put_stat(at, fs.fstatSync(files[fd].fd)) : BADF),
    fd_prestat_get: (fd, at) => {
      if (!files[fd]?.name) return BADF;
      data().setUint8(at, 0);
      data().setUint32(at + 4, files[fd].name.length, true);
      return OK;
    },
    fd_prestat_dir_name: (fd, at, size) => {
      bytes(at, size).set(new TextEncoder().encode(files[fd].name).subarray(0, size));
      return OK;
    },
    fd_read: (fd, at, count, result) =>
      vector(fd, at, count, result, (host, part, position) => fs.readSync(host, part, 0, part.length, position)),
    fd_write: (fd, at, count, result) =>
      vector(fd, at, count, result, (host, part, position) => fs.writeSync(host, part, 0, part.length, position)),
    fd_seek: (fd, offset, whence, result) => guard(() => {
      const file = files[fd];
      if (file?.type !== REGULAR) return file ? INVAL : BADF;
      const base = [0, file.position, whence === 2 ? fs.fstatSync(file.fd).size : 0][whence];
      file.position = base + Number(offset);
      data().setBigUint64(result, BigInt(file.position), true);
    }),
    fd_sync: () => OK,
    path_filestat_get: (dir, flags, at, size, result) => guard(() => put_stat(result, fs.statSync(under(dir, at, size)))),
    path_open: (dir, lookup, at, size, flags, rights, inheriting, fdflags, result) => guard(() => {
      const host = under(dir, at, size);
      const directory = (flags & O_DIRECTORY) !== 0;
      let mode = (BigInt(rights) & RIGHT_FD_WRITE) && !directory ? fs.constants.O_RDWR : fs.constants.O_RDONLY;
      for (const [flag, bit] of [[O_CREAT, 'O_CREAT'], [O_DIRECTORY, 'O_DIRECTORY'], [O_EXCL, 'O_EXCL'], [O_TRUNC, 'O_TRUNC']])
        if (flags & flag) mode |= fs.constants[bit];
      const file = {fd: fs.openSync(host, mode), position: 0, type: directory ? DIRECTORY : REGULAR, host};
      data().setUint32(result, files.push(file) - 1, true);
    }),
    proc_exit: status => {
      throw new Exit(status);
    },
  };
  const all = new Proxy(imports, {get: (own, name) => own[name] ?? (() => NOSYS)});
  return {imports: all, bind: exported => memory = exported};
}
