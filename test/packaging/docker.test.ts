// Dockerfile and compose file, as far as they can be checked without an engine: what they copy is there, and its steps work here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { v8Flags } from '../../src/daemon/v8-flags.ts';
import { MAIN, start, until } from '../cli/command-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { makeDirectory, ROOT } from './built.ts';

const FOLDER = join(ROOT, 'packaging/docker');
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

interface Step {
  readonly word: string;
  readonly rest: string;
}
/** The instructions, with continued lines joined, by stage. */
function stages(text: string): { name: string; from: string; steps: Step[] }[] {
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const all: { name: string; from: string; steps: Step[] }[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? assert.fail(line);
    if (word === 'FROM') {
      const [from = '', , name = ''] = rest.split(' ');
      all.push({ name, from, steps: [] });
    } else all.at(-1)!.steps.push({ word, rest });
  }
  return all;
}
const [build, image] = stages(read('Dockerfile')) as [ReturnType<typeof stages>[0], ReturnType<typeof stages>[0]];
const one = (word: string): string => {
  const found = image.steps.filter((step) => step.word === word);
  assert.equal(found.length, 1, word);
  return found[0]!.rest;
};
const words = (json: string): string[] => JSON.parse(json) as string[];

test('two stages, both with the Node.js that package.json asks for', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  for (const { from } of [build, image]) {
    const version = /^node:(\d+)-bookworm-slim$/.exec(from)?.[1];
    assert.ok(Number(version) >= Number(engines.node.replace('>=', '')), from);
  }
  assert.equal(build.name, 'build');
});

test('everything that is copied is there, and is let through to the build', () => {
  const let_ = read('Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const { steps } of [build, image]) {
    for (const { word, rest } of steps) {
      if (word !== 'COPY') continue;
      if (rest.startsWith('--from=build ')) continue;
      for (const source of rest.split(' ').slice(0, -1)) {
        assert.ok(existsSync(join(ROOT, source)), source);
        assert.ok(let_.includes(source.split('/')[0]!), `${source} is in the ignore file`);
      }
    }
  }
  // tsconfig.json names the folders of the compiler; each must be copied.
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { include: string[] };
  const copied = build.steps.filter(({ word }) => word === 'COPY').map(({ rest }) => rest.split(' ')[0]);
  for (const folder of include) assert.ok(copied.includes(folder), folder);
});

test('it runs without root, in the group of serial devices', () => {
  assert.equal(one('USER'), 'ser2net:dialout');
  assert.ok(image.steps.some(({ word, rest }) => word === 'RUN' && /useradd .*--gid dialout .*\bser2net\b/.test(rest)));
  const order = image.steps.map(({ word }) => word);
  assert.ok(order.indexOf('USER') > order.lastIndexOf('RUN'), 'nothing is changed after root was left');
});

test('what the second stage takes over works as the command, and finds the configuration healthy while the daemon runs', async () => {
  const dir = makeDirectory();
  const staged = join(dir, 'app');
  const stage = spawnSync(process.execPath, [resolve(MAIN, '../../packaging/stage.js'), staged], { encoding: 'utf8' });
  assert.equal(stage.status, 0, stage.stderr);
  const command = join(dir, 'ser2net');
  const link = /ln -s \.\.\/lib\/ser2net\/app\/(\S+) \/usr\/sbin\/ser2net/.exec(read('Dockerfile').replace(/\\\n/g, ' '))?.[1];
  symlinkSync(join(staged, link!), command);
  assert.notEqual(lstatSync(join(staged, link!)).mode & 0o111, 0);
  const port = await freePort();
  const file = join(dir, 'ser2net.yaml');
  writeFileSync(file, `connection: &one\n  accepter: tcp,127.0.0.1,${port}\n  connector: echo\n`);
  const inside = (given: string[]): string[] => given.map((word) => (word === '/etc/ser2net/ser2net.yaml' ? file : word));
  const [entry, ...entryWords] = words(one('ENTRYPOINT'));
  assert.deepEqual(
    [entry, ...entryWords],
    ['node', ...v8Flags(/^FROM node:([0-9]+)-/m.exec(read('Dockerfile'))?.[1]), '/usr/sbin/ser2net'],
  );
  const check = inside(words(one('HEALTHCHECK').replace(/^.*CMD /, '')));
  assert.equal(check[0], 'ser2net');
  const healthy = (): number | null => spawnSync(command, check.slice(1), { stdio: 'ignore' }).status;
  assert.equal(healthy(), 1);
  const daemon = start([...inside(words(one('CMD'))), '-r'], { script: command });
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.equal(healthy(), 0);
  daemon.child.kill(one('STOPSIGNAL') as NodeJS.Signals);
  assert.equal(await daemon.ended, 0);
  assert.equal(healthy(), 1);
});

test('the compose file builds this image, maps devices and ports of the configuration, and drops all privileges', () => {
  const { services } = parse(read('compose.yaml')) as { services: { ser2net: Record<string, unknown> } };
  const service = services.ser2net as {
    build: { context: string; dockerfile: string };
    ports: string[];
    devices: string[];
    volumes: string[];
    group_add: string[];
    cap_drop: string[];
    read_only: boolean;
    init: boolean;
  };
  assert.equal(resolve(FOLDER, service.build.context), ROOT);
  assert.ok(existsSync(join(ROOT, service.build.dockerfile)));
  const config = parse(
    read('ser2net.yaml')
      .replace(/^connection: &(\w+)/gm, '$1:')
      .replace('%YAML 1.1\n---\n', ''),
  ) as Record<string, { accepter: string; connector: string }>;
  const connections = Object.values(config);
  const ports = connections.map(({ accepter }) => /tcp,(\d+)$/.exec(accepter)![1]!);
  assert.deepEqual(
    service.ports.map((port) => port.split(':')[1]),
    ports,
  );
  assert.deepEqual(one('EXPOSE').split(' '), ports);
  assert.deepEqual(
    service.devices.map((device) => device.split(':')[1]),
    connections.map(({ connector }) => connector.split(',')[1]),
  );
  const [volume] = service.volumes;
  assert.equal(volume, './ser2net.yaml:/etc/ser2net/ser2net.yaml:ro');
  assert.deepEqual([service.group_add, service.cap_drop, service.read_only, service.init], [['20'], ['ALL'], true, true]);
});

test('the configurations of the container and of the Debian package have no fault', () => {
  for (const file of [join(FOLDER, 'ser2net.yaml'), join(ROOT, 'packaging/debian/ser2net.yaml')]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'check', '--warnings-ok', file], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});
