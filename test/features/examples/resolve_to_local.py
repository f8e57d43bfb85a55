"""Runs a program with login.microsoftonline.com resolved to a port of this machine: PORT PROGRAM."""

import runpy
import socket
import sys

PORT, PROGRAM = int(sys.argv[1]), sys.argv[2]
resolve = socket.getaddrinfo


def resolve_to_local(host, port, *arguments, **options):
    if host == "login.microsoftonline.com":
        host, port = "127.0.0.1", PORT
    return resolve(host, port, *arguments, **options)


socket.getaddrinfo = resolve_to_local
sys.argv = [PROGRAM]
runpy.run_path(PROGRAM, run_name="__main__")
