"""The socket to the data plane. What goes over it:

A frame is two little-endian uint32 (bytes of the header, bytes of the body), a JSON header and
the body: the raw little-endian tensors the header names, each padded to 8 bytes. BYTES is uint32 length + UTF-8 for each element.
  in   {"kind": "load", "folder", "entry", "memoryMib", "answerBytes", "parent", "signature"?}
       {"kind": "run", "id", "tensors": [{"name", "datatype", "shape", "bytes"}], "outputs"?: [name], "params"?: {name: value}}
  out  {"kind": "ready", "signature", "tensors"?: an example of inputs} or {"kind": "failed", "reason", "next"?}
       {"kind": "done", "id", "tensors"} or {"kind": "error", "id", "fault": "input" | "value" | "model", "text"}
"""
import json
import os
import socket
import struct


class Channel:
    def __init__(self, fd):
        # A descriptor of its own that programs started by the model do not inherit.
        self.socket = socket.socket(fileno=os.dup(fd))
        os.close(fd)
        self.socket.setblocking(True)

    def _fill(self, size):
        data = bytearray(size)
        view = memoryview(data)
        at = 0
        while at < size:
            got = self.socket.recv_into(view[at:])
            if got == 0:
                os._exit(0)  # the data plane closed it: nobody waits for an answer
            at += got
        return data

    def receive(self):
        header, body = struct.unpack("<II", self._fill(8))
        return json.loads(bytes(self._fill(header))), self._fill(body)

    def send(self, header, parts=()):
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        body = sum(len(part) for part in parts)
        if body + len(text) < 1 << 16:
            self.socket.sendall(b"".join([struct.pack("<II", len(text), body), text, *parts]))
            return
        self.socket.sendall(struct.pack("<II", len(text), body) + text)
        for part in parts:
            self.socket.sendall(part)
