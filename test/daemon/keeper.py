# For tests: what systemd does for a service with a file descriptor store. Starts the command given, keeps the sockets it sends, starts it
# again with them when a line "restart" comes, and prints what it is told. Arguments: notify socket, command.
import array, os, select, signal, socket, subprocess, sys

path, command = sys.argv[1], sys.argv[2:]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
kept = {}

def start():
    names = list(kept)
    def hand_over():
        copies = [os.dup(kept[name]) for name in names]
        high = [os.dup2(fd, 200 + i) for i, fd in enumerate(copies)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        for fd in high:
            os.close(fd)
        os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ.update(NOTIFY_SOCKET=path, FDSTORE="100", LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
    if not names:
        for name in ("LISTEN_FDS", "LISTEN_FDNAMES"):
            del os.environ[name]
    return subprocess.Popen(command, preexec_fn=hand_over, close_fds=False, stdin=subprocess.DEVNULL)

def take():
    data, control, _, _ = notify.recvmsg(65536, socket.CMSG_SPACE(16))
    fds = array.array("i")
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    said = dict(line.split("=", 1) for line in data.decode().split("\n"))
    if "FDSTOREREMOVE" in said:
        fd = kept.pop(said["FDNAME"], None)
        if fd is not None:
            os.close(fd)
    elif "FDSTORE" in said:
        os.set_inheritable(fds[0], False)
        kept[said["FDNAME"]] = fds[0]
    if "READY" in said:
        print("ready", ",".join(sorted(kept)), flush=True)

child = start()
while True:
    for source in select.select([notify, sys.stdin], [], [])[0]:
        if source is notify:
            take()
            continue
        line = sys.stdin.readline().strip()
        if line == "kept":
            print("kept", ",".join(sorted(kept)), flush=True)
        elif line == "stop":
            child.send_signal(signal.SIGTERM)
            child.wait()
            print("stopped", flush=True)
        elif line == "start":
            child = start()
        else:
            child.kill()
            sys.exit(0)
