// The daemon as a user who has nothing but the group dialout: it serves, and each thing that cannot be had is one clear line.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, makeDirectory } from './built.ts';
import { inSandbox, whyNoSandbox } from './sandbox.ts';

const dir = makeDirectory();
const given = join(dir, 'given');
mkdirSync(given);

const CONFIG = `
led: &rx
  driver: sysfs
  options:
    device: rx
connection: &low
  accepter: tcp,127.0.0.1,23
  connector: echo
connection: &served
  accepter: tcp,127.0.0.1,3001
  connector: serialdev(nouucplock=false),/tmp/one,9600n81,local
  options:
    led-rx: *rx
    trace-both: /var/log/trace
connection: &foreign
  accepter: tcp,127.0.0.1,3002
  connector: serialdev,/tmp/foreign,9600n81,local
`;

test('without root: the device of its group is served; low port, pid file, lock, LED, trace and a foreign device are a line each', (t) => {
  const unable = whyNoSandbox('setpriv', 'socat', 'dpkg-deb', 'bash');
  if (unable !== undefined) return t.skip(unable);
  execFileSync('dpkg-deb', ['-x', build('standalone', dir), join(given, 'tree')]);
  writeFileSync(join(given, 'config.yaml'), CONFIG);
  const { out, err, status } = inSandbox(
    given,
    `
chmod 755 /run/lock
led=/sys/class/leds/rx; mkdir -p $led
echo '[none] transient' > $led/trigger; for file in state duration activate; do echo 0 > $led/$file; done
socat pty,link=/tmp/one,raw,echo=0,group=dialout,mode=660 pty,link=/tmp/two,raw,echo=0 &
socat pty,link=/tmp/foreign,raw,echo=0,mode=600 pty,link=/tmp/other,raw,echo=0 &
for i in $(seq 200); do [ -e /tmp/two ] && [ -e /tmp/other ] && break; sleep 0.02; done
lib=/given/tree/usr/lib/ser2net
: > /tmp/log; chmod 666 /tmp/log
setpriv --reuid 65534 --regid dialout --clear-groups --no-new-privs --bounding-set -all --inh-caps -all \\
  $lib/ser2net $lib/app/build/src/main.js -d -r -c /given/config.yaml -P /run/ser2net.pid >/tmp/ready 2>>/tmp/log &
for i in $(seq 500); do grep -q Ready /tmp/ready && break; sleep 0.02; done
bash -c 'exec 3<>/dev/tcp/127.0.0.1/3001; echo there >&3; head -n 1 /tmp/two; echo back > /tmp/two; head -n 1 <&3'
bash -c 'exec 3<>/dev/tcp/127.0.0.1/3002; head -n 1 <&3'
kill $!; wait $! && echo "status 0"
echo "## log"; sed 's/^ser2net[^:]*: //' /tmp/log`,
  );
  assert.equal(status, 0, err + out);
  const [served = '', log = ''] = out.replaceAll('\r', '').split('## log\n');
  assert.equal(served, 'there\nback\nDevice open failure: Permission denied\nstatus 0\n');
  const lines = log.trim().split('\n');
  const one = (about: RegExp): void => {
    const found = lines.filter((line) => about.test(line));
    assert.equal(found.length, 1, `${about}:\n${log}`);
    assert.match(found[0]!, /permission denied/i);
  };
  one(/network port low/);
  one(/^low: cannot listen on tcp,127\.0\.0\.1,23/);
  one(/\/run\/ser2net\.pid/);
  one(/lock file .*LCK\.\._tmp_one.*hint/);
  // Its name is a link to a pseudo-terminal, which is locked as any other.
  one(/lock file .*LCK\.\._tmp_foreign.*hint/);
  one(/leds\/rx/);
  one(/\/var\/log\/trace/);
  one(/^foreign: cannot open \/tmp\/foreign/);
  assert.equal(lines.filter((line) => line === 'Ready: 2 of 3 ports listening; not listening: low').length, 1, log);
  assert.equal(lines.length, 9, log);
});
