// Datagrams whose sender is made up: a raw socket, which takes root.
import { spawnSync } from 'node:child_process';

const PROGRAM = `
import socket, struct, sys
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
here = socket.inet_aton('127.0.0.1')
def send(source, to):
    data = b'hello\\r\\n'
    udp = struct.pack('>HHHH', source, to, 8 + len(data), 0) + data
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, here, here)
    out.sendto(ip + udp, ('127.0.0.1', 0))
a, b = int(sys.argv[1]), int(sys.argv[2])
for n in range(4):
    send(a, b); send(b, a); send(a, a); send(b, b)
`;
const python = (args: readonly string[]): boolean => spawnSync('python3', args, { stdio: 'ignore' }).status === 0;

/** Whether this machine and user can forge. */
export const canForge = (): boolean => python(['-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)']);

/** A few datagrams between two ports of this machine, and from each to itself. */
export function forge([a, b]: readonly [number, number]): void {
  if (!python(['-c', PROGRAM, String(a), String(b)])) throw new Error('python3 could not send forged datagrams');
}
