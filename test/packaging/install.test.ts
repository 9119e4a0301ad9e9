// The package installed with dpkg in place of ser2net's own, on a machine without, upgraded, removed and purged: in private copies of
// this machine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { build, makeDirectory } from './built.ts';
import { inSandbox, type Outcome, sections, whyNoSandbox } from './sandbox.ts';

const given = makeDirectory();
const built = makeDirectory();
const unable = whyNoSandbox('dpkg', 'dpkg-deb', 'start-stop-daemon', 'update-rc.d');
/** ser2net's own package is on this machine; else a package of that name with the same configuration files stands in for it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own
const real = spawnSync('dpkg-query', ['-W', '-f=${Status}', 'ser2net'], { encoding: 'utf8' }).stdout === 'install ok installed';

const PORTS = `%YAML 1.1
---
connection: &one
  accepter: tcp,127.0.0.1,3001
  connector: echo
`;
/** With one that cannot be had: ser2net 4.3.11 does not end at the first signal then. */
const TROUBLE = `${PORTS}
connection: &two
  accepter: tcp,127.0.0.1,3002x
  connector: echo
`;

/** A package with the names and scripts that matter of ser2net's. */
function standIn(): void {
  const tree = join(built, 'ser2net');
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
    chmodSync(join(tree, path), mode);
  };
  write('DEBIAN/control', 'Package: ser2net\nVersion: 4.3.11-1\nArchitecture: all\nMaintainer: nobody <root@localhost>\nDescription: x\n');
  write('DEBIAN/conffiles', '/etc/default/ser2net\n/etc/init.d/ser2net\n/etc/ser2net.yaml\n');
  const helper = (words: string): string =>
    `! command -v deb-systemd-helper >/dev/null || deb-systemd-helper ${words} ser2net.service >/dev/null`;
  write('DEBIAN/postinst', `#!/bin/sh\nchmod +x /etc/init.d/ser2net\nupdate-rc.d ser2net defaults\n${helper('enable')}\n`, 0o755);
  write(
    'DEBIAN/postrm',
    `#!/bin/sh
[ "$1" != remove ] || chmod -x /etc/init.d/ser2net
[ "$1" != purge ] || { update-rc.d ser2net remove; ${helper('purge')}; }
`,
    0o755,
  );
  write('etc/default/ser2net', '# settings\n');
  write('etc/init.d/ser2net', '#!/bin/sh\nexit 0\n', 0o755);
  write('etc/ser2net.yaml', '%YAML 1.1\n---\n');
  write('usr/sbin/ser2net', '#!/bin/sh\n', 0o755);
  write('lib/systemd/system/ser2net.service', '[Service]\nExecStart=/usr/sbin/ser2net\n');
  spawnSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', tree, join(given, 'ser2net.deb')], { stdio: 'ignore' });
}

before(() => {
  if (unable !== undefined) return;
  copyFileSync(build('standalone', built), join(given, 'ours.deb'));
  copyFileSync(build('small', built), join(given, 'small.deb'));
  copyFileSync(newer(), join(given, 'newer.deb'));
  standIn();
  writeFileSync(join(given, 'ports'), PORTS);
  writeFileSync(join(given, 'trouble'), TROUBLE);
});

/** The next version, with another text for /etc/default. */
function newer(): string {
  const tree = join(built, 'tree');
  spawnSync('dpkg-deb', ['-R', join(given, 'ours.deb'), tree]);
  const change = (file: string, from: RegExp, to: string): void => {
    writeFileSync(join(tree, file), readFileSync(join(tree, file), 'utf8').replace(from, to));
  };
  change('DEBIAN/control', /^Version: .*$/m, 'Version: 999');
  change('etc/default/ser2net', /^/, '# A newer text.\n');
  change('DEBIAN/preinst', /(?<=^settle \/etc\/default\/ser2net <<'END_OF_FILE'\n)/m, '# A newer text.\n');
  const next = join(built, 'newer.deb');
  spawnSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', tree, next], { stdio: 'ignore' });
  return next;
}

const TOOLS = `
# The pages of the manual are not of interest, nor is a loss of power.
dpkg() { command dpkg --no-triggers --force-unsafe-io "$@"; }
${real ? '' : 'dpkg -i /given/ser2net.deb'}
install() { dpkg -i --force-depends "/given/$1.deb" </dev/null >/tmp/said 2>&1 || { cat /tmp/said; exit 1; }; }
say() { echo "## $1"; }
state() { dpkg-query -W -f '\${db:Status-Abbrev}\\n' "$1" 2>/dev/null || echo none; }
listens() { grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp && echo yes || echo no; }
await() { for i in $(seq 500); do eval "$1" && return 0; sleep 0.02; done; echo "never: $1"; exit 1; }
ours() { case "$(readlink "/proc/$(cat /run/ser2net.pid)/exe")" in /usr/lib/ser2net/ser2net) echo ours;; *) echo other;; esac; }
boots() { [ -h /etc/systemd/system/multi-user.target.wants/ser2net.service ] && echo yes || echo no; }
`;
/** dpkg removes the old package after the new one is unpacked, apt-get before. */
const APT = `apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Options::=--no-triggers install /given/ours.deb </dev/null >/tmp/said 2>&1 || { cat /tmp/said; exit 1; }`;
function run(script: string): { said: Readonly<Record<string, string>>; outcome: Outcome } {
  const outcome = inSandbox(given, `${TOOLS}${script}`);
  assert.equal(outcome.status, 0, `${outcome.out}\n${outcome.err}`);
  return { said: sections(outcome.out), outcome };
}
function skipped(t: TestContext): boolean {
  if (unable !== undefined) t.skip(unable);
  return unable !== undefined;
}

for (const way of ['dpkg', 'apt-get'] as const) {
  test(`${way} in place of ser2net: the same ports from the same files, without a question, also after the old remains go`, (t) => {
    if (skipped(t)) return;
    if (way === 'apt-get' && spawnSync('apt-get', ['-q', 'check'], { stdio: 'ignore' }).status !== 0)
      return t.skip('apt-get cannot be used here');
    const { said } = run(`
cp /given/trouble /etc/ser2net.yaml
echo 'OPTIONS="-u"' >> /etc/default/ser2net
cp /etc/default/ser2net /tmp/default
${real ? "/etc/init.d/ser2net start >/dev/null 2>&1; await '[ -e /run/ser2net.pid ]'; old=$(cat /run/ser2net.pid)" : 'old=none'}
${way === 'dpkg' ? 'install ours' : APT}
say states; state ser2net; state ser2net-node
say old; [ -e /proc/$old ] && echo lives || echo gone
say kept; cmp /given/trouble /etc/ser2net.yaml && cmp /tmp/default /etc/default/ser2net && echo yes
say running; ours; listens 3001; tr '\\0' ' ' </proc/$(cat /run/ser2net.pid)/cmdline; echo
say script; grep -c COMM= /etc/init.d/ser2net; /etc/init.d/ser2net status
say version; ser2net -v
say links; boots; ls /etc/rc2.d | grep -c ser2net
dpkg -P ser2net >/dev/null 2>&1
say purged; state ser2net; cmp /given/trouble /etc/ser2net.yaml && cmp /tmp/default /etc/default/ser2net && [ -x /etc/init.d/ser2net ] && echo kept; ours; listens 3001; boots
`);
    assert.match(said.states!, /^[ir]c \nii \n$/);
    assert.equal(said.old, 'gone\n');
    assert.equal(said.kept, 'yes\n');
    assert.match(said.running!, /^ours\nyes\nser2net -c \/etc\/ser2net\.yaml -P \/run\/ser2net\.pid -u\s*$/);
    assert.match(said.script!, /^1\nser2net is running/);
    assert.equal(said.version, '/usr/sbin/ser2net version 4.3.11\n');
    assert.equal(said.links, 'yes\n1\n');
    assert.match(said.purged!, /^(?:none|un )\nkept\nours\nyes\nyes\n$/);
  });
}

test('on a machine without: nothing is opened; an upgrade restarts and keeps; remove stops; purge leaves nothing', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
dpkg -P ser2net >/dev/null 2>&1
rm -rf /etc/ser2net* /etc/default/ser2net*
# Its own Node.js is enough.
rm -f /usr/bin/node /usr/local/bin/node
install ours
say fresh; ours; grep -c ' 0A ' /proc/net/tcp || true; boots; ser2net check -q /etc/ser2net.yaml; echo "check $?"
say files; dpkg --verify ser2net-node; stat -c '%a %U %G' /var/log/ser2net; test -d /var/lib/ser2net-node || echo none
cp /given/ports /etc/ser2net.yaml
/etc/init.d/ser2net reload >/dev/null
await '[ $(listens 3001) = yes ]'
first=$(cat /run/ser2net.pid)
install newer
say upgraded; ours; [ "$(cat /run/ser2net.pid)" != $first ] && echo new; [ -e /proc/$first ] || echo gone; listens 3001; head -1 /etc/default/ser2net; cmp /given/ports /etc/ser2net.yaml && echo kept
pid=$(cat /run/ser2net.pid)
dpkg -r ser2net-node >/dev/null
say removed; [ -e /proc/$pid ] || echo gone; listens 3001; cmp /given/ports /etc/ser2net.yaml && echo kept; ls /usr/sbin/ser2net 2>/dev/null || echo no command; ls /usr/lib/ser2net 2>/dev/null || echo no folder
[ -x /etc/init.d/ser2net ] || sh /etc/init.d/ser2net start && echo "script: nothing"; boots
install ours
say again; ours; cmp /given/ports /etc/ser2net.yaml && echo kept; boots
dpkg -P ser2net-node >/dev/null
say purged; find /etc /lib/systemd /usr /var/lib /var/log /run -xdev -name '*ser2net*' -not -path '*/node_modules/*' 2>/dev/null
say end
`);
  assert.equal(said.fresh, 'ours\n0\nyes\ncheck 0\n');
  assert.equal(said.files, '2750 root adm\nnone\n');
  assert.equal(said.upgraded, 'ours\nnew\ngone\nyes\n# A newer text.\nkept\n');
  assert.equal(said.removed, 'gone\nno\nkept\nno command\nno folder\nscript: nothing\nno\n');
  assert.equal(said.again, 'ours\nkept\nyes\n');
  assert.equal(said.purged, '');
});

test('back and forth between ser2net and this, removed or purged: always configured, enabled and running, without a question', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
dpkg -P ser2net >/dev/null 2>&1
# As apt does: what conflicts goes first.
their() { dpkg -r --force-depends ser2net-node >/dev/null 2>&1; dpkg -i --force-depends --force-confold /given/ser2net.deb </dev/null >/tmp/said 2>&1 || { cat /tmp/said; exit 1; }; }
now() { say "$1"; state ser2net; state ser2net-node; ours; boots; grep . /etc/default/ser2net | tail -1; }
install ours
echo 'OPTIONS="-u" # mine' >> /etc/default/ser2net
their
install ours; now 'after theirs'
their
dpkg -r ser2net >/dev/null 2>&1
install ours; now 'after theirs was removed'
dpkg -P ser2net >/dev/null 2>&1
dpkg -r ser2net-node >/dev/null 2>&1
install ours; now 'after ours was removed'
their; dpkg -r ser2net >/dev/null 2>&1; install ours; dpkg -P ser2net-node >/dev/null 2>&1
install ours; now 'after ours was purged'
their; install newer; now 'upgraded over theirs'
rm -f /etc/systemd/system/multi-user.target.wants/ser2net.service
dpkg -r ser2net-node >/dev/null 2>&1
install newer; say 'switched off by the administrator'; boots
dpkg -P ser2net-node ser2net >/dev/null 2>&1
say purged; ls -d /etc/default/ser2net* /etc/init.d/ser2net* /etc/ser2net.yaml* /var/lib/ser2net-node /etc/systemd/system/multi-user.target.wants/ser2net.service 2>/dev/null || true
say end
`);
  const running = (old: RegExp, last: string): RegExp => new RegExp(`^(?:${old.source})ii \nours\nyes\n${last}\n$`);
  const mine = 'OPTIONS="-u" # mine';
  assert.match(said['after theirs']!, running(/rc \n|ic \n/, mine));
  assert.match(said['after theirs was removed']!, running(/rc \n|ic \n/, mine));
  assert.match(said['after ours was removed']!, running(/none\n|un \n/, mine));
  assert.match(said['after ours was purged']!, running(/rc \n|ic \n/, 'OPTIONS=""'));
  assert.match(said['upgraded over theirs']!, running(/rc \n|ic \n/, '.*'));
  assert.equal(said['switched off by the administrator'], 'no\n');
  assert.equal(said.purged, '');
});

test('an upgrade keeps what the administrator has written, and leaves the new text beside it', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
dpkg -P ser2net >/dev/null 2>&1
install ours
echo '# mine' >> /etc/default/ser2net
install newer
say kept; tail -1 /etc/default/ser2net; head -1 /etc/default/ser2net.dpkg-dist; ls /etc/ser2net.yaml.dpkg-dist 2>/dev/null || echo 'no other new text'; state ser2net-node; ours
`);
  assert.equal(said.kept, '# mine\n# A newer text.\nno other new text\nii \nours\n');
});

test('under systemd the unit is what is started, restarted and stopped', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
dpkg -P ser2net >/dev/null 2>&1
mkdir -p /run/systemd/system /tmp/seen
for name in systemctl deb-systemd-invoke; do
  p=/usr/bin/$name
  printf '#!/bin/sh\\necho "%s $*" >> /tmp/seen/log\\n' $name > $p.new; chmod 755 $p.new; mv $p.new $p
done
log() { grep -E -e '--system daemon-reload|invoke' /tmp/seen/log | uniq; rm /tmp/seen/log; }
install ours; say installed; log
install newer; say upgraded; log
dpkg -r ser2net-node >/dev/null; say removed; log
say none; [ -e /run/ser2net.pid ] || echo 'not started by the script'
`);
  assert.equal(said.installed, 'systemctl --system daemon-reload\ndeb-systemd-invoke start ser2net.service\n');
  assert.equal(said.upgraded, 'systemctl --system daemon-reload\ndeb-systemd-invoke restart ser2net.service\n');
  assert.equal(said.removed, 'deb-systemd-invoke stop ser2net.service\nsystemctl --system daemon-reload\n');
  assert.equal(said.none, 'not started by the script\n');
});

test('from one form of the package to the other, and back to ser2net itself', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
cp /given/ports /etc/ser2net.yaml
install ours
install small
say small; state ser2net-node; state ser2net-node-small; cmp /given/ports /etc/ser2net.yaml && echo kept; boots; [ -e /usr/lib/ser2net/ser2net ] || echo no runtime; head -1 /usr/sbin/ser2net
dpkg -P ser2net-node >/dev/null 2>&1
say purged; cmp /given/ports /etc/ser2net.yaml && ls /etc/init.d/ser2net; boots
dpkg -r ser2net-node-small >/dev/null
${real ? 'ls /var/cache/apt/archives/ser2net_*.deb >/dev/null 2>&1 || { say "no package"; exit 0; }; cp /var/cache/apt/archives/ser2net_*.deb /tmp/ser2net.deb' : 'cp /given/ser2net.deb /tmp/'}
dpkg -i --force-confold /tmp/ser2net.deb >/dev/null 2>&1
say back; state ser2net; cmp /given/ports /etc/ser2net.yaml && echo kept
dpkg -P ser2net-node-small >/dev/null 2>&1
say end; cmp /given/ports /etc/ser2net.yaml && [ -x /usr/sbin/ser2net ] && ls /etc/default/ser2net /etc/init.d/ser2net
`);
  assert.equal(said.small?.replace(/^ic/, 'rc'), 'rc \nii \nkept\nyes\nno runtime\n#!/usr/bin/node\n');
  assert.equal(said.purged, '/etc/init.d/ser2net\nyes\n');
  if (said['no package'] !== undefined) return;
  assert.equal(said.back, 'ii \nkept\n');
  assert.equal(said.end, '/etc/default/ser2net\n/etc/init.d/ser2net\n');
});

test('beside ser2net: unpacked anywhere it runs from there, and /usr/sbin/ser2net stays what it is', (t) => {
  if (skipped(t)) return;
  const { said } = run(`
before=$(md5sum /usr/sbin/ser2net)
dpkg-deb -x /given/ours.deb /opt/other
run=/opt/other/usr/lib/ser2net
$run/ser2net $run/app/build/src/main.js -c /given/ports -P /run/other.pid
say beside; listens 3001; cat /proc/$(cat /run/other.pid)/comm; [ "$before" = "$(md5sum /usr/sbin/ser2net)" ] && echo untouched
`);
  assert.equal(said.beside, 'yes\nser2net\nuntouched\n');
});
