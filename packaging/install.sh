#!/bin/sh
# Installs ser2net from this archive on a Linux machine with glibc, or removes it again; see --help.
set -e

MACHINE=@MACHINE@
PREFIX=/usr/local
ROOT=
START=yes
REMOVE=

usage() {
	cat <<END
Usage: install.sh [--prefix DIR] [--root DIR] [--no-start] [--remove]
  --prefix DIR  where the program goes: DIR/lib/ser2net, DIR/sbin, DIR/share (default: /usr/local)
  --root DIR    install into this copy of a system; nothing is started
  --no-start    install the service, but neither start it nor enable it
  --remove      stop the service and remove what was installed; configuration files stay
The service is a systemd unit, or a script in /etc/init.d where start-stop-daemon and the functions of LSB are installed.
END
}

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case "$1" in
	--prefix | --root)
		[ -n "$2" ] || fail "$1 needs a folder"
		case "$2" in /*) ;; *) fail "$1 needs an absolute path, not $2" ;; esac
		if [ "$1" = --prefix ]; then PREFIX=${2%/}; else ROOT=${2%/} START=; fi
		shift
		;;
	--no-start) START= ;;
	--remove) REMOVE=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 1
		;;
	esac
	shift
done

HERE=$(cd "$(dirname "$0")" && pwd)
LIB=$PREFIX/lib/ser2net
UNIT=/etc/systemd/system/ser2net.service
INIT=/etc/init.d/ser2net
# The first line of each file of ours outside the folders of the program.
MARK="# Installed by ser2net's install.sh."

ours() {
	[ -f "$ROOT$1" ] && grep -qF "$MARK" "$ROOT$1"
}

systemd() {
	[ -z "$ROOT" ] && [ -d /run/systemd/system ]
}

remove() {
	if systemd && ours "$UNIT"; then
		systemctl disable --now ser2net.service || true
	elif [ -z "$ROOT" ] && ours "$INIT"; then
		"$INIT" stop || true
		if command -v update-rc.d >/dev/null; then update-rc.d -f ser2net remove; fi
	fi
	for file in "$UNIT" "$INIT"; do
		if ours "$file"; then
			rm -f "$ROOT$file"
			if [ -e "$ROOT$file.before" ]; then mv "$ROOT$file.before" "$ROOT$file"; fi
		fi
	done
	if systemd; then systemctl daemon-reload; fi
	if [ -L "$ROOT$PREFIX/sbin/ser2net" ]; then rm -f "$ROOT$PREFIX/sbin/ser2net"; fi
	rm -rf "$ROOT$LIB" "$ROOT$PREFIX/share/doc/ser2net-node"
	rm -f "$ROOT$PREFIX"/share/man/man?/ser2net*.gz "$ROOT$PREFIX/share/bash-completion/completions/ser2net"
	echo "ser2net was removed; /etc/ser2net.yaml and /etc/default/ser2net were left."
}

if [ -z "$ROOT" ] && [ "$(id -u)" != 0 ]; then fail "root is needed"; fi
if [ -n "$REMOVE" ]; then
	remove
	exit 0
fi

if [ -z "$ROOT" ]; then
	found=$(uname -m)
	[ "$found" = "$MACHINE" ] || fail "this archive is for $MACHINE, this machine is $found"
	if ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then fail "this machine has no glibc (Alpine has musl), and Node.js needs it"; fi
fi
if [ -e "$ROOT/usr/sbin/ser2net" ] && [ "$PREFIX" != /usr ]; then
	fail "ser2net is installed as a package; remove that first (its configuration stays), or start ours by hand from here"
fi

# A file with the paths of this prefix in place of those of the package.
place() {
	mkdir -p "$ROOT$(dirname "$2")"
	sed -e "s#/usr/lib/ser2net#$LIB#g" -e "s#/usr/sbin/ser2net#$PREFIX/sbin/ser2net#g" \
		-e "s#/usr/share/doc/#$PREFIX/share/doc/#g" "$HERE/files/$1" >"$ROOT$2.new"
	chmod "$3" "$ROOT$2.new"
	mv -f "$ROOT$2.new" "$ROOT$2"
}

# The program aside and then in its place, so that a daemon that runs keeps its files until it is restarted.
mkdir -p "$ROOT$PREFIX/lib" "$ROOT$PREFIX/sbin" "$ROOT$PREFIX/share" "$ROOT/etc/default"
rm -rf "$ROOT$LIB.new" "$ROOT$LIB.old"
cp -R "$HERE/files/usr/lib/ser2net" "$ROOT$LIB.new"
if [ -e "$ROOT$LIB" ]; then mv "$ROOT$LIB" "$ROOT$LIB.old"; fi
mv "$ROOT$LIB.new" "$ROOT$LIB"
rm -rf "$ROOT$LIB.old"
place usr/lib/ser2net/app/build/src/main.js "$LIB/app/build/src/main.js" 0755
place usr/lib/ser2net/serve "$LIB/serve" 0755
ln -sfn ../lib/ser2net/app/build/src/main.js "$ROOT$PREFIX/sbin/ser2net"
cp -R "$HERE/files/usr/share/." "$ROOT$PREFIX/share/"
for file in ser2net.yaml default/ser2net; do
	if [ ! -e "$ROOT/etc/$file" ]; then place "etc/$file" "/etc/$file" 0644; fi
done

# The file that starts it, marked as ours after its first line. What stood there is set aside.
service() {
	if [ -e "$ROOT$2" ] && ! ours "$2"; then mv "$ROOT$2" "$ROOT$2.before"; fi
	place "$1" "$2" "$3"
	sed -i "1a $MARK" "$ROOT$2"
}
if systemd || { [ -n "$ROOT" ] && [ -d "$ROOT/etc/systemd/system" ]; }; then
	service lib/systemd/system/ser2net.service "$UNIT" 0644
	if [ -n "$START" ]; then
		systemctl daemon-reload
		systemctl enable ser2net.service
		systemctl restart ser2net.service
	fi
elif [ -e "$ROOT/lib/lsb/init-functions" ] && [ -d "$ROOT/etc/init.d" ]; then
	service etc/init.d/ser2net "$INIT" 0755
	if [ -n "$START" ]; then
		if command -v update-rc.d >/dev/null; then update-rc.d ser2net defaults; fi
		"$INIT" restart
	fi
else
	echo "There is no systemd here: start it with $PREFIX/sbin/ser2net -c /etc/ser2net.yaml -P /run/ser2net.pid"
fi
echo "ser2net is installed: $PREFIX/sbin/ser2net. Its configuration is /etc/ser2net.yaml."
