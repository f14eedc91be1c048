"""Takes the network away from a process, as EnableNetworkIsolation does (network_namespaces(7)).

The process gets a network with a loopback interface of its own. Sockets that it has keep working: a serving container
still answers on the one that it was given.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys

from local_aws.sagemaker.containers.private_mounts import IsolationError, enter_user_namespace, system_call

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


def leave_network() -> None:
    """Leave this machine's network; the process must have one thread. Raises IsolationError."""
    if sys.platform != "linux":
        raise IsolationError(f"a network namespace is needed, which {sys.platform} has not")
    if os.geteuid() == 0:
        system_call("unshare", _CLONE_NEWNET)
    else:
        enter_user_namespace(_CLONE_NEWNET)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    except OSError as error:
        raise IsolationError(f"loopback interface: {error}") from None
