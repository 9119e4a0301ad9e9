// What the systemd unit forbids, and what the daemon asks the kernel for in a life with everything in it: it asks for nothing of that.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { generateCertificate } from '../../src/cli/certificate.ts';
import { Client, type Protocol } from '../torture/client.ts';
import { Device } from '../torture/device.ts';
import { until } from '../torture/limits.ts';
import { freePorts, Subject } from '../torture/subject.ts';
import { ROOT } from './built.ts';

const unit = readFileSync(join(ROOT, 'packaging/debian/ser2net.service'), 'utf8');
const values = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].flatMap((m) => m[1]!.split(' '));

/** Asked for by the runtime, which does without when it is refused. */
const DISPENSABLE = ['pkey_alloc', 'io_uring_setup'];

/** System calls of a set of systemd, or of a name. */
function callsOf(word: string): string[] {
  if (!word.startsWith('@')) return [word];
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager', word], { encoding: 'utf8' });
  const listed = [...stdout.matchAll(/^ {4}([@a-z_0-9-]+)$/gm)].map((m) => m[1]!);
  return listed.flatMap((each) => callsOf(each));
}
/** What is left of them after all lines of SystemCallFilter=. */
function allowedCalls(): Set<string> {
  const allowed = new Set<string>();
  for (const line of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of line[2]!.split(' ').flatMap(callsOf)) {
      if (line[1] === '~') allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

/** A daemon under strace that serves raw, telnet and TLS, a unix socket, an admin port and a trace file, and is reloaded. */
async function life(): Promise<string> {
  // Not the folder for temporary files, which may be any: one that the unit lets it write.
  const dir = mkdtempSync('/tmp/confinement-');
  const file = join(dir, 'calls');
  const traced = new Subject({ dir, through: ['strace', '-D', '-f', '-q', '-s', '200', '-o', file] });
  const devices: Device[] = [];
  try {
    const { key, cert } = generateCertificate({ use: 'server', commonName: 'unit', now: new Date(), days: 2 });
    writeFileSync(traced.path('key'), key, { mode: 0o600 });
    writeFileSync(traced.path('cert'), cert);
    const base = await freePorts(4);
    const ports = (['raw', 'telnet', 'tls', 'unix'] as const).map((kind, i) => {
      const device = new Device(traced.path(`dev-${kind}`), kind);
      device.plug();
      devices.push(device);
      return { kind, device, place: kind === 'unix' ? traced.path('socket') : base + i };
    });
    const over = { raw: '', telnet: 'telnet(rfc2217),', tls: `ssl(key=${traced.path('key')},cert=${traced.path('cert')}),`, unix: '' };
    const connections = ports.map(
      ({ kind, device, place }) =>
        `connection: &${kind}\n  accepter: ${over[kind]}${kind === 'unix' ? `unix,${place}` : `tcp,127.0.0.1,${place}`}\n` +
        `  connector: serialdev(nouucplock=false),${device.link},9600n81,local\n  options:\n    trace-both: ${traced.path('trace')}\n`,
    );
    traced.configure(`%YAML 1.1\n---\nadmin:\n  accepter: tcp,127.0.0.1,${base + 3}\n${connections.join('')}`);
    await traced.start(['-P', traced.path('pid')]);
    for (const [i, { kind, device, place }] of ports.entries()) {
      const client = new Client(i + 1, kind === 'unix' ? 'raw' : (kind as Protocol), place);
      device.receiver.expect(client.talk);
      client.greet();
      await until(
        () => `${kind} to be served: '${client.receiver.text}' ${traced.said}`,
        () => device.receiver.complete(client.talk),
      );
      await client.end();
    }
    traced.kill('SIGHUP');
    const admin = new Client(99, 'raw', base + 3);
    admin.raw(Buffer.from('showport\r\nversion\r\n'));
    await until('the admin port', () => /version: .*-> $/s.test(admin.receiver.text));
    admin.destroy();
    await traced.stop();
    await until('the end of the trace', () => /exited with/.test(readFileSync(file, 'latin1').slice(-300)));
    return readFileSync(file, 'latin1');
  } finally {
    for (const device of devices) device.pull();
    traced.remove();
  }
}

test('the daemon asks for no system call, address family or file that the unit keeps from it', { timeout: 120_000 }, async (t) => {
  if (libc() === undefined) return t.skip('koffi is not installed: no ptys');
  if (spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status !== 0) return t.skip('strace is not installed, or not allowed');
  const allowed = allowedCalls();
  if (allowed.size < 100) return t.skip('systemd-analyze is not there, or too old');
  const lines = (await life()).split('\n');
  const calls = new Set(lines.flatMap((line) => /^[0-9]+ +([a-z_0-9]+)\(/.exec(line)?.[1] ?? []));
  assert.deepEqual(
    [...calls].filter((call) => !allowed.has(call) && !DISPENSABLE.includes(call)),
    [],
  );
  const families = new Set(lines.flatMap((line) => /socket(?:pair)?\((AF_[A-Z0-9]+)/.exec(line)?.[1] ?? []));
  assert.deepEqual(
    [...families].filter((family) => !values('RestrictAddressFamilies').includes(family)),
    [],
  );
  const writable = [...values('ReadWritePaths').map((path) => path.replace(/^-/, '')), '/dev', '/proc/self'];
  const written = lines.flatMap((line) => /openat\([^"]*"([^"]*)", [A-Z_|]*(?:O_WRONLY|O_RDWR|O_CREAT)/.exec(line)?.[1] ?? []);
  assert.ok(written.length > 5);
  assert.deepEqual(
    // /var/lock is a link.
    written
      .map((path) => path.replace(/^\/var\/lock\//, '/run/lock/'))
      .filter((path) => !writable.some((above) => path.startsWith(`${above}/`))),
    [],
  );
});
