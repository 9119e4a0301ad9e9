// The scripts of /etc/init.d with this daemon as /usr/sbin/ser2net: the one that Debian's package of ser2net brings, as it is, and
// ours, which behaves alike. Each in a private copy of the machine.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { build, makeDirectory, ROOT } from './built.ts';
import { inSandbox, type Outcome, sections, whyNoSandbox } from './sandbox.ts';

const given = makeDirectory();
const built = makeDirectory();
const unable =
  whyNoSandbox('dpkg-deb', 'tar', 'start-stop-daemon') ?? (existsSync('/lib/lsb/init-functions') ? undefined : 'no LSB functions');
/** Debian's script, when it is here and its own. */
const debians = existsSync('/etc/init.d/ser2net') && readFileSync('/etc/init.d/ser2net', 'utf8').includes('pidofproc');

before(() => {
  if (unable !== undefined) return;
  copyFileSync(build('standalone', built), join(given, 'ours.deb'));
  copyFileSync(join(ROOT, 'packaging/debian/init'), join(given, 'ours'));
  if (debians) copyFileSync('/etc/init.d/ser2net', join(given, 'debians'));
  writeFileSync(join(given, 'one'), '%YAML 1.1\n---\nconnection: &one\n  accepter: tcp,127.0.0.1,3001\n  connector: echo\n');
  writeFileSync(join(given, 'two'), '%YAML 1.1\n---\nconnection: &one\n  accepter: tcp,127.0.0.1,3002\n  connector: echo\n');
});

/** Runs a script there after the program was put in its place, with the script of that name in /etc/init.d. */
function run(script: 'ours' | 'debians', text: string): { sections: Readonly<Record<string, string>>; outcome: Outcome } {
  const outcome = inSandbox(
    given,
    `
dpkg-deb --fsys-tarfile /given/ours.deb | tar -x -C / ./usr
install -m 755 /given/${script} /etc/init.d/ser2net
rm -f /etc/default/ser2net
cp /given/one /etc/ser2net.yaml
# The words after the heading's, with their status.
service() { set +e; /etc/init.d/ser2net "$@" >/tmp/said 2>&1; echo "status $?"; set -e; cat /tmp/said; }
listens() { grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp && echo yes || echo no; }
comm() { cat "/proc/$(cat /run/ser2net.pid)/comm"; }
await() { for i in $(seq 200); do eval "$1" && return 0; sleep 0.02; done; echo "never: $1"; }
${text}`,
  );
  return { outcome, sections: sections(outcome.out) };
}

function skipped(t: TestContext, script: string): boolean {
  const why = unable ?? (script === 'debians' && !debians ? "Debian's script is not here" : undefined);
  if (why !== undefined) t.skip(why);
  return why !== undefined;
}
const statusOf = (section: string | undefined): string => /^status (\d+)/.exec(section ?? '')?.[1] ?? `none: ${section}`;

for (const script of ['ours', 'debians'] as const) {
  test(`${script}: start, status, reload, restart and stop do what they say`, (t) => {
    if (skipped(t, script)) return;
    const { sections: said, outcome } = run(
      script,
      `
echo "## status before"; service status
echo "## start"; service start
echo "## listening"; listens 3001; comm
first=$(cat /run/ser2net.pid)
echo "## status"; service status
echo "## start again"; service start
echo "## same"; [ "$(cat /run/ser2net.pid)" = "$first" ] && echo yes
cp /given/two /etc/ser2net.yaml
echo "## reload"; service reload
echo "## moved"; await '[ "$(listens 3001)$(listens 3002)" = noyes ]'; listens 3001; listens 3002
cp /given/one /etc/ser2net.yaml
echo "## force-reload"; service force-reload
echo "## moved back"; await '[ "$(listens 3001)$(listens 3002)" = yesno ]'; listens 3001; listens 3002
echo "## same after reloads"; [ "$(cat /run/ser2net.pid)" = "$first" ] && echo yes
echo "## restart"; service restart
echo "## new"; listens 3001; [ "$(cat /run/ser2net.pid)" != "$first" ] && echo yes; [ -e /proc/$first ] || echo gone
second=$(cat /run/ser2net.pid)
echo "## stop"; service stop
await '! [ -e /proc/$second ]'
echo "## after"; listens 3001; [ -e /run/ser2net.pid ] || echo no pid file
echo "## status after"; service status
echo "## stop again"; service stop
echo "## unknown"; service dance
`,
    );
    assert.equal(outcome.status, 0, outcome.err);
    const status = Object.fromEntries(Object.entries(said).map(([name, text]) => [name, statusOf(text)]));
    assert.deepEqual(
      [status['status before'], status.start, status.status, status['start again'], status.reload, status['force-reload']],
      ['3', '0', '0', '1', '0', '0'],
    );
    assert.equal(said.listening, 'yes\nser2net\n');
    assert.equal(said.same, 'yes\n');
    assert.equal(said.moved, 'no\nyes\n');
    assert.equal(said['moved back'], 'yes\nno\n');
    assert.equal(said['same after reloads'], 'yes\n');
    assert.equal(said.new, 'yes\nyes\ngone\n');
    assert.equal(said.after, 'no\nno pid file\n');
    assert.deepEqual(
      [status.restart, status.stop, status['status after'], status['stop again'], status.unknown],
      ['0', '0', '3', '0', '1'],
    );
  });

  test(`${script}: settings of /etc/default/ser2net hold, a crash shows, and nothing is done without CONFFILE`, (t) => {
    if (skipped(t, script)) return;
    const { sections: said, outcome } = run(
      script,
      `
mv /etc/ser2net.yaml /etc/other.yaml
echo "## no file"; service start
echo "## no daemon"; [ -e /run/ser2net.pid ] || echo none
printf '%s\\n' 'CONFFILE="/etc/other.yaml"' 'CONTROLPORT="127.0.0.1,3003"' 'OPTIONS="-u -l"' > /etc/default/ser2net
echo "## start"; service start
echo "## listening"; listens 3001; listens 3003; tr '\\0' ' ' < /proc/$(cat /run/ser2net.pid)/cmdline; echo
pid=$(cat /run/ser2net.pid)
kill -9 $pid; await '! [ -e /proc/$pid ]'
echo "## crashed"; service status
echo "## start again"; service start
echo "## running"; service status
echo "## not ours"; service stop; sleep 60 & echo $! > /run/ser2net.pid; service stop || true; kill -0 $! && echo lives
`,
    );
    assert.equal(outcome.status, 0, outcome.err);
    assert.equal(statusOf(said['no file']), '1');
    assert.match(said['no file']!, /\/etc\/ser2net\.yaml/);
    assert.equal(said['no daemon'], 'none\n');
    assert.equal(statusOf(said.start), '0');
    assert.match(said.listening!, /^yes\nyes\nser2net -p 127\.0\.0\.1,3003 -c \/etc\/other\.yaml -P \/run\/ser2net\.pid -u -l\s*$/);
    assert.equal(statusOf(said.crashed), '1');
    assert.equal(statusOf(said['start again']), '0');
    assert.equal(statusOf(said.running), '0');
    assert.match(said['not ours']!, /lives\n$/, 'a process of another name is not killed for a stale pid file');
  });
}

test("LAVA's way: `service ser2net start` with the files its worker makes, in both formats, devices absent", (t) => {
  if (skipped(t, 'ours')) return;
  const { sections: said, outcome } = run(
    debians ? 'debians' : 'ours',
    `
command -v service >/dev/null || { echo "## none"; exit 0; }
unset -f service
client() { bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; printf 'x\\r' >&3; head -c 4 <&3 | od -An -tx1"; }
cat > /etc/ser2net.yaml <<Y
connection: &con63001
  accepter: telnet(rfc2217),tcp,63001
  enable: on
  connector: keepopen(retry-time=2000,discard-badwrites),serialdev,/dev/board,115200n81,local
  options:
    max-connections: 10
Y
service ser2net start >/dev/null || exit 7
echo "## yaml"; client 63001
service ser2net stop >/dev/null
printf '63002:telnet:600:/dev/board:115200 8DATABITS NONE 1STOPBIT banner max-connections=10\n' > /etc/ser2net.conf
echo 'CONFFILE=/etc/ser2net.conf' > /etc/default/ser2net
service ser2net start >/dev/null 2>&1 || exit 7
echo "## classic"; cat /proc/$(cat /run/ser2net.pid)/comm; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q :F61A && echo listens
`,
  );
  assert.equal(outcome.status, 0, outcome.err);
  if (said.none !== undefined) return t.skip('service is not there');
  assert.match(said.yaml!, /^ ff f[b-e] [0-9a-f ]+\n$/, 'a client is let in before the device is there');
  assert.equal(said.classic, 'ser2net\nlistens\n');
});

test('the header of our script names what boot needs to know', () => {
  const text = readFileSync(join(ROOT, 'packaging/debian/init'), 'utf8');
  for (const line of [
    'Provides:          ser2net',
    'Required-Start:    $network $remote_fs',
    'Default-Start:     2 3 4 5',
    'Default-Stop:      0 1 6',
  ]) {
    assert.ok(text.includes(`\n# ${line}\n`), line);
  }
  assert.match(text, /\{start\|stop\|restart\|reload\|force-reload\|status\}/);
});
