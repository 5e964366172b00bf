"""Reading files that come from outside: kubeconfigs, and the certificates, keys and tokens that they name.

Whoever wrote a kubeconfig chose these paths. A device or a pipe would block the kernel, or never end.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["MAX_FILE_BYTES", "file_problem", "file_stamp", "read_file"]

MAX_FILE_BYTES = 8 * 2**20

_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def read_file(path: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The content of a regular file.

    Parameters
    ----------
    path
        The file; a symlink is followed.
    max_bytes
        How many bytes it may have.

    Raises
    ------
    OSError
        It cannot be read, is no regular file, or is larger than that. ``strerror`` says why, ``filename`` is the path.
    """
    try:
        _require_regular(os.stat(path).st_mode, path)
        # The path may lead elsewhere by now. O_NONBLOCK: opening a pipe must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # a NUL in the path
        raise OSError(errno.EINVAL, "it is not a valid path", path) from None
    with open(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor).st_mode, path)
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {max_bytes // 2**20} MiB", path)
    return content


def file_problem(path: str) -> str | None:
    """Why a file cannot be read, as far as that can be told without opening it; None if it can."""
    try:
        _require_regular(os.stat(path).st_mode, path)
    except OSError as error:
        return error.strerror
    except ValueError:  # a NUL in the path
        return "it is not a valid path"
    return None if os.access(path, os.R_OK) else os.strerror(errno.EACCES)


def file_stamp(path: str) -> object:
    """A value that changes whenever a file is written or replaced; None while the file does not exist.

    A mount of Kubernetes replaces its files by moving a symlink, so the inode counts too.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _require_regular(mode: int, path: str) -> None:
    kind = stat.S_IFMT(mode)
    if kind != stat.S_IFREG:
        name = _KINDS.get(kind, "device")
        raise OSError(errno.EINVAL, f"it is a {name}, not a regular file", path)
