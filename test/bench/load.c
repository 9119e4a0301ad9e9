/*
 * load: both ends of the wire for a daemon that joins terminals to TCP ports.
 *
 * It makes the terminals (pty masters; the daemon opens the slaves through links), waits for a line on standard input, connects
 * to the daemon's ports, and moves data through it. Every byte is compared with what was sent at the other end: each port and
 * direction has a stream of its own. One JSON object is printed at the end. Exit status 0: all bytes were right.
 *
 *   load MODE LINKDIR BASEPORT PORTS [name=value]...
 *
 *   bulk      both ends send as fast as they can       seconds=3 dir=both|d2n|n2d
 *   paced     bursts at a steady rate, both ways       seconds=5 rate=92160 tick=5 (bytes/s, ms)
 *   rtt       one client waits for the device's echo   size=1 samples=500 seconds=3 pause=0 (us)
 *   churn     connect, one byte each way, close        seconds=3
 *   broadcast one device, many clients                 seconds=3 clients=100; with rate=: as paced
 *   baud      round trip of SET-BAUDRATE               samples=500 seconds=3
 *   idle      only connects, then waits for a line     connect=1
 *
 *   warm=1    seconds of the same before it counts (bulk, paced, broadcast)
 *   telnet=1  the clients speak telnet: they double IAC and understand doubled ones, and skip negotiation
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { IAC = 255, SB = 250, SE = 240, WILL = 251 };
enum { CHUNK = 16384, TTY_CHUNK = 4096, MARKS = 4096 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
static void die(const char *what) {
  printf("{\"ok\":false,\"error\":\"%s: %s\"}\n", what, strerror(errno));
  exit(1);
}

/*
 * A stream of bytes that both ends know: one random block, over and over, from a place of its own for each stream. The length of
 * the block is prime, so that a piece lost, repeated or moved cannot go unseen.
 */
enum { PERIOD = 1048573, LONGEST = 65536 };
static unsigned char block[PERIOD + LONGEST];
typedef struct {
  uint32_t at;
} Stream;
static uint64_t mixed(uint64_t n) {
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9ull;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebull;
  return n ^ (n >> 31);
}
static void make_block(void) {
  for (int i = 0; i < PERIOD; i++) block[i] = (unsigned char)mixed((uint64_t)i * 0x9e3779b97f4a7c15ull + 1);
  memcpy(block + PERIOD, block, LONGEST);
}
static void seed(Stream *s, uint64_t n) { s->at = (uint32_t)(mixed(n * 0x9e3779b97f4a7c15ull + 77) % PERIOD); }
/* The next n bytes, at most LONGEST. */
static const unsigned char *take(Stream *s, int n) {
  const unsigned char *bytes = block + s->at;
  s->at = (s->at + (uint32_t)n) % PERIOD;
  return bytes;
}
static int same(Stream *s, const unsigned char *data, int n) { return memcmp(take(s, n), data, n) == 0; }

/* One direction: what was made and not yet written, and what arrived. */
typedef struct {
  Stream out, in;
  uint64_t sent, got;
  const unsigned char *from;  /* the block, or escaped */
  unsigned char escaped[2 * CHUNK];
  int at, end, blocked;
  double budget;              /* paced: bytes that may be sent */
  double mark_time[MARKS];    /* paced: when the byte with that count was handed over */
  uint64_t mark_count[MARKS];
  unsigned mark_in, mark_out;
} Dir;

typedef struct {
  int fd;
  int sb;      /* telnet: inside a subnegotiation */
  int iac;     /* telnet: 0 data, 1 after IAC, 2 after a verb */
  int wants;   /* epoll events asked for */
  Stream in;   /* broadcast: its own place in the device's stream */
  uint64_t got;
} Client;

typedef struct {
  int tty, slave;
  Dir d2n, n2d;
  Client *clients;
  int tty_wants;
} Port;

static Port *ports;
static int nports, base, telnet_mode, nclients = 1, ep, bad;
static double *lags;
static size_t nlags, maxlags;
static double seconds = 3, warm = 1, rate = 92160;
static int tick = 5, rated, size = 1, samples = 500, pause_us, do_d2n = 1, do_n2d = 1, do_connect = 1, clients_wanted = 100;

static void lag(double v) {
  if (nlags < maxlags) lags[nlags++] = v;
}
static int by_value(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}
static double percentile(double p) { return nlags == 0 ? 0 : lags[(size_t)(p * (nlags - 1))]; }

static int make_tty(Port *p, const char *dir, int i) {
  char path[512], name[128];
  if (openpty(&p->tty, &p->slave, name, NULL, NULL) < 0) return -1;
  struct termios t;
  tcgetattr(p->slave, &t);
  cfmakeraw(&t);
  tcsetattr(p->slave, TCSANOW, &t);
  fcntl(p->tty, F_SETFL, O_NONBLOCK);
  snprintf(path, sizeof path, "%s/%d", dir, i);
  unlink(path);
  return symlink(name, path);
}

static int dial(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0) return -1;
  int room = 131072; /* else megabytes are still under way when the time is up */
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  for (int tries = 0; connect(fd, (struct sockaddr *)&a, sizeof a) < 0; tries++) {
    if (tries > 200 || (errno != ECONNREFUSED && errno != EINTR)) {
      close(fd);
      return -1;
    }
    usleep(10000);
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* epoll data: port * 1024 + client + 1; client part 0 is the tty */
static void watch(int fd, uint64_t id, int events, int *has) {
  struct epoll_event e = {.events = events, .data.u64 = id};
  if (*has == events) return;
  if (epoll_ctl(ep, *has < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e) < 0) die("epoll_ctl");
  *has = events;
}

/* Takes telnet away in place; gives the number of data bytes. */
static int untelnet(Client *c, unsigned char *data, int n) {
  int out = 0;
  for (int i = 0; i < n; i++) {
    if (c->iac == 0 && !c->sb) {
      unsigned char *iac = memchr(data + i, IAC, n - i);
      int run = (int)(iac == NULL ? n - i : iac - (data + i));
      memmove(data + out, data + i, run);
      out += run, i += run;
      if (iac == NULL) break;
    }
    unsigned char b = data[i];
    if (c->iac == 0) c->iac = b == IAC;
    else if (c->iac == 1) {
      c->iac = 0;
      if (b == IAC && !c->sb) data[out++] = b;
      else if (b == SB) c->sb = 1;
      else if (b == SE) c->sb = 0;
      else if (b >= WILL && b != IAC) c->iac = 2;
    } else c->iac = 0;
  }
  return out;
}

static void arrived(Dir *d, Stream *in, uint64_t *got, const unsigned char *data, int n, int mark) {
  if (!same(in, data, n)) bad = 1;
  *got += n;
  if (!mark) return;
  while (d->mark_out != d->mark_in && d->mark_count[d->mark_out % MARKS] <= *got) {
    lag(now() - d->mark_time[d->mark_out % MARKS]);
    d->mark_out++;
  }
}

static void more(Dir *d, int chunk, int escape) {
  int n = chunk;
  if (d->budget >= 0 && n > d->budget) n = (int)d->budget;
  if (n <= 0) return;
  d->from = take(&d->out, n);
  d->at = 0, d->end = n;
  if (escape) {
    const unsigned char *plain = d->from, *end = plain + n;
    unsigned char *to = d->escaped;
    while (plain < end) {
      const unsigned char *iac = memchr(plain, IAC, end - plain);
      int run = (int)((iac == NULL ? end : iac + 1) - plain);
      memcpy(to, plain, run);
      to += run, plain += run;
      if (iac != NULL) *to++ = IAC;
    }
    d->from = d->escaped;
    d->end = (int)(to - d->escaped);
  }
  d->sent += n;
  if (d->budget >= 0) d->budget -= n;
  if (d->budget >= 0 && d->mark_in - d->mark_out < MARKS) {
    d->mark_time[d->mark_in % MARKS] = now();
    d->mark_count[d->mark_in % MARKS] = d->sent;
    d->mark_in++;
  }
}

/* Writes what there is, until nothing more is taken; 1: there is more to write. */
static int pump(Dir *d, int fd, int chunk, int escape, int going) {
  while (!d->blocked) {
    if (d->at == d->end) {
      if (!going) return 0;
      more(d, chunk, escape);
      if (d->at == d->end) return 0;
    }
    ssize_t n = write(fd, d->from + d->at, d->end - d->at);
    if (n < 0 && errno != EAGAIN) return bad = 1, 0;
    if (n < 0) d->blocked = 1;
    else d->at += n;
  }
  return 1;
}

static int unread(int fd, unsigned char *buf, int max) {
  ssize_t n = read(fd, buf, max);
  if (n > 0) return (int)n;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return -1;
}

static void seed_streams(void) {
  for (int i = 0; i < nports; i++) {
    Port *p = &ports[i];
    seed(&p->d2n.out, 2 * i), seed(&p->d2n.in, 2 * i), seed(&p->n2d.out, 2 * i + 1), seed(&p->n2d.in, 2 * i + 1);
    p->tty_wants = -1;
    for (int c = 0; c < nclients; c++) seed(&p->clients[c].in, 2 * i), p->clients[c].wants = -1;
  }
}
static void count(uint64_t *d2n, uint64_t *n2d) {
  *d2n = *n2d = 0;
  for (int i = 0; i < nports; i++) {
    *n2d += ports[i].n2d.got;
    for (int c = 0; c < nclients; c++) *d2n += ports[i].clients[c].got;
  }
}

/* bulk, paced, broadcast. The streams go on where they were. */
static void run_streams(int paced, int broadcast, double seconds, int say) {
  double start = now(), end = start + seconds, limit = end + 10, last = start;
  struct epoll_event events[256];
  unsigned char buf[65536];
  uint64_t d2n_before, n2d_before, d2n, n2d;
  count(&d2n_before, &n2d_before);
  for (int i = 0; i < nports; i++) ports[i].d2n.budget = ports[i].n2d.budget = paced ? 0 : -1;
  nlags = 0;
  int settled = 0;
  double settled_at = 0, d2n_last = end, n2d_last = end;
  while (!bad) {
    double t = now();
    int going = t < end;
    if (paced && t - last >= tick * 1e-3 && going) {
      for (int i = 0; i < nports; i++) {
        if (do_d2n) ports[i].d2n.budget += rate * (t - last);
        if (do_n2d) ports[i].n2d.budget += rate * (t - last);
      }
      last = t;
    }
    int left = 0;
    for (int i = 0; i < nports; i++) {
      Port *p = &ports[i];
      int tty_out = do_d2n && pump(&p->d2n, p->tty, TTY_CHUNK, 0, going);
      watch(p->tty, (uint64_t)i * 1024, EPOLLIN | (tty_out ? EPOLLOUT : 0), &p->tty_wants);
      for (int c = 0; c < nclients; c++) {
        int out = do_n2d && c == 0 && pump(&p->n2d, p->clients[0].fd, CHUNK, telnet_mode, going);
        watch(p->clients[c].fd, (uint64_t)i * 1024 + c + 1, EPOLLIN | (out ? EPOLLOUT : 0), &p->clients[c].wants);
        if (p->clients[c].got < p->d2n.sent) left = 1;
      }
      if (p->n2d.got < p->n2d.sent) left = 1;
    }
    if (!going && !left) {
      if (!settled) settled = 1, settled_at = t;
      if (t - settled_at > 0.2) break; /* nothing more may come */
    }
    if (t > limit) {
      bad = 2;
      break;
    }
    int n = epoll_wait(ep, events, 256, paced ? 1 : 20);
    for (int e = 0; e < n; e++) {
      Port *p = &ports[events[e].data.u64 / 1024];
      int c = (int)(events[e].data.u64 % 1024) - 1;
      if (events[e].events & EPOLLOUT) (c < 0 ? &p->d2n : &p->n2d)->blocked = 0;
      if (!(events[e].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      if (c < 0) {
        int got = unread(p->tty, buf, sizeof buf);
        if (got < 0) bad = 3;
        else if (got > 0) arrived(&p->n2d, &p->n2d.in, &p->n2d.got, buf, got, paced), n2d_last = t;
      } else {
        Client *k = &p->clients[c];
        int got = unread(k->fd, buf, sizeof buf);
        if (got < 0) bad = 4;
        else {
          if (telnet_mode) got = untelnet(k, buf, got);
          if (got > 0) arrived(&p->d2n, &k->in, &k->got, buf, got, paced && !broadcast), d2n_last = t;
        }
      }
    }
  }
  if (!say) return;
  count(&d2n, &n2d);
  d2n -= d2n_before, n2d -= n2d_before;
  qsort(lags, nlags, sizeof *lags, by_value);
  /* The rate is that until the last byte was there. */
  double d2n_time = (d2n_last > end ? d2n_last : end) - start, n2d_time = (n2d_last > end ? n2d_last : end) - start;
  printf("{\"ok\":%s,\"error\":%d,\"d2n\":%.3f,\"n2d\":%.3f,\"mb\":%.3f,\"p50\":%.6f,\"p99\":%.6f}\n", bad ? "false" : "true", bad, d2n / 1e6 / d2n_time,
         n2d / 1e6 / n2d_time, (d2n + n2d) / 1e6, percentile(0.5), percentile(0.99));
}

/* Waits until one of them can be read, at most two seconds. */
static int either_readable(int fd, int other) {
  struct pollfd wanted[] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
  return poll(wanted, other < 0 ? 1 : 2, 2000) > 0;
}
static int readable(int fd) { return either_readable(fd, -1); }
static void send_all(int fd, const unsigned char *data, int n) {
  while (n > 0) {
    ssize_t w = write(fd, data, n);
    if (w > 0) data += w, n -= w;
    else if (errno != EAGAIN) die("write");
  }
}

static void run_rtt(void) {
  Port *p = &ports[0];
  unsigned char out[4096], in[65536];
  Stream s;
  seed(&s, 7);
  if (size > (int)sizeof out) size = sizeof out;
  double began = now();
  for (int i = 0; i < samples + 20 && !bad && now() - began < seconds; i++) {
    memcpy(out, take(&s, size), size);
    for (int b = 0; b < size; b++)
      if (out[b] == IAC) out[b] = 0;
    double start = now();
    send_all(p->clients[0].fd, out, size);
    int back = 0;
    while (back < size && !bad) {
      /* The device echoes; both ends are looked at in turn without sleeping long in either. */
      struct epoll_event e[2];
      int n = epoll_wait(ep, e, 2, 2000);
      if (n <= 0) bad = 2;
      for (int k = 0; k < n; k++) {
        if (e[k].data.u64 == 0) {
          int got = unread(p->tty, in, sizeof in);
          if (got > 0) send_all(p->tty, in, got);
        } else {
          int got = unread(p->clients[0].fd, in, sizeof in);
          if (got < 0) bad = 4;
          else if (telnet_mode) got = untelnet(&p->clients[0], in, got);
          if (got > 0 && memcmp(in, out + back, got) != 0) bad = 1;
          if (got > 0) back += got;
        }
      }
    }
    if (i >= 20) lag(now() - start);
    if (pause_us > 0) usleep(pause_us);
  }
  qsort(lags, nlags, sizeof *lags, by_value);
  printf("{\"ok\":%s,\"error\":%d,\"size\":%d,\"p50\":%.6f,\"p99\":%.6f}\n", bad ? "false" : "true", bad, size, percentile(0.5), percentile(0.99));
}

/* A byte from one end must come out at the other (1; 0: it is lost); what else comes (negotiation, a text) is skipped. -1: the client was refused. */
static int through(int from, int to, unsigned char what, int client) {
  unsigned char in[4096];
  send_all(from, &what, 1);
  for (;;) {
    if (!either_readable(to, client)) return 0;
    int got = unread(to, in, sizeof in);
    if (got < 0) return 0;
    if (memchr(in, what, got) != NULL) return 1;
    if (client != to) got = unread(client, in, sizeof in);
    if (got < 0) return 0;
    if (memmem(in, got, "Port", 4) != NULL) return -1;
  }
}

static void run_churn(void) {
  double begin = now(), end = begin + seconds;
  int cycles = 0, refused = 0, lost = 0;
  while (now() < end && !bad) {
    Port *p = &ports[cycles % nports];
    int fd = dial(base + cycles % nports);
    if (fd < 0) die("connect");
    int ok = through(fd, p->tty, 0x01, fd);
    if (ok > 0) ok = through(p->tty, fd, 0x02, fd);
    if (ok < 0) refused++;
    else if (ok == 0) lost++;
    close(fd);
    cycles++;
  }
  printf("{\"ok\":%s,\"error\":%d,\"cycles\":%.2f,\"refused\":%d,\"lost\":%d}\n", bad ? "false" : "true", bad, cycles / (now() - begin), refused, lost);
}

static void run_baud(void) {
  int fd = ports[0].clients[0].fd;
  unsigned char in[4096], hello[] = {IAC, WILL, 44};
  send_all(fd, hello, sizeof hello);
  while (readable(fd) && unread(fd, in, sizeof in) > 0 && memchr(in, 107, sizeof in) == NULL) continue;
  double began = now();
  for (int i = 0; i < samples && !bad && now() - began < seconds; i++) {
    uint32_t speed = i % 2 ? 19200 : 9600;
    unsigned char ask[] = {IAC, SB, 44, 1, speed >> 24, speed >> 16, speed >> 8, speed, IAC, SE};
    unsigned char want[] = {IAC, SB, 44, 101, speed >> 24, speed >> 16, speed >> 8, speed, IAC, SE};
    double start = now();
    send_all(fd, ask, sizeof ask);
    int have = 0;
    while (!bad && memmem(in, have, want, sizeof want) == NULL) {
      if (!readable(fd) || have > 4000) bad = 2;
      int got = unread(fd, in + have, sizeof in - have);
      if (got < 0) bad = 4;
      else have += got;
    }
    lag(now() - start);
  }
  qsort(lags, nlags, sizeof *lags, by_value);
  printf("{\"ok\":%s,\"error\":%d,\"p50\":%.6f,\"p99\":%.6f}\n", bad ? "false" : "true", bad, percentile(0.5), percentile(0.99));
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: load MODE LINKDIR BASEPORT PORTS [name=value]...\n");
    return 2;
  }
  const char *mode = argv[1];
  base = atoi(argv[3]), nports = atoi(argv[4]);
  for (int i = 5; i < argc; i++) {
    char *eq = strchr(argv[i], '=');
    if (eq == NULL) continue;
    *eq++ = 0;
    if (!strcmp(argv[i], "seconds")) seconds = atof(eq);
    else if (!strcmp(argv[i], "warm")) warm = atof(eq);
    else if (!strcmp(argv[i], "rate")) rate = atof(eq), rated = 1;
    else if (!strcmp(argv[i], "tick")) tick = atoi(eq);
    else if (!strcmp(argv[i], "size")) size = atoi(eq);
    else if (!strcmp(argv[i], "samples")) samples = atoi(eq);
    else if (!strcmp(argv[i], "pause")) pause_us = atoi(eq);
    else if (!strcmp(argv[i], "clients")) clients_wanted = atoi(eq);
    else if (!strcmp(argv[i], "telnet")) telnet_mode = atoi(eq);
    else if (!strcmp(argv[i], "connect")) do_connect = atoi(eq);
    else if (!strcmp(argv[i], "dir")) do_d2n = strcmp(eq, "n2d") != 0, do_n2d = strcmp(eq, "d2n") != 0;
  }
  int churn = !strcmp(mode, "churn"), idle = !strcmp(mode, "idle"), broadcast = !strcmp(mode, "broadcast");
  signal(SIGPIPE, SIG_IGN);
  if (broadcast) nclients = clients_wanted > 1000 ? 1000 : clients_wanted, do_n2d = 0;
  maxlags = 4u << 20;
  lags = malloc(maxlags * sizeof *lags);
  ports = calloc(nports, sizeof *ports);
  ep = epoll_create1(0);
  make_block();
  for (int i = 0; i < nports; i++) {
    ports[i].clients = calloc(nclients, sizeof *ports[i].clients);
    if (make_tty(&ports[i], argv[2], i) < 0) die("openpty");
  }
  printf("ready\n");
  fflush(stdout);
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL) return 1;
  if (!churn && (!idle || do_connect)) {
    for (int i = 0; i < nports; i++) {
      for (int c = 0; c < nclients; c++) {
        if ((ports[i].clients[c].fd = dial(base + i)) < 0) die("connect");
      }
      /* The device is open when a byte has come through, both ways. */
      if (through(ports[i].clients[0].fd, ports[i].tty, 0x01, ports[i].clients[0].fd) <= 0) die("no way to the device");
      if (through(ports[i].tty, ports[i].clients[0].fd, 0x02, ports[i].clients[0].fd) <= 0) die("no way from the device");
    }
    unsigned char rest[65536];
    /* One that the daemon has not admitted yet would miss the beginning. */
    for (int c = 1; c < nclients; c++)
      for (int tries = 0; tries < 500 && recv(ports[0].clients[c].fd, rest, 1, MSG_PEEK | MSG_DONTWAIT) <= 0; tries++)
        if (write(ports[0].tty, "\002", 1) < 0 || usleep(10000) < 0) die("no way to all clients");
    usleep(100000);
    for (int i = 0; i < nports; i++)
      for (int c = 0; c < nclients; c++)
        while (unread(ports[i].clients[c].fd, rest, sizeof rest) > 0) continue;
  }
  int paced = !strcmp(mode, "paced") || (broadcast && rated), streams = paced || broadcast || !strcmp(mode, "bulk");
  if (streams) {
    seed_streams();
    run_streams(paced, broadcast, warm, 0);
  }
  printf("connected\n");
  fflush(stdout);
  if (streams) run_streams(paced, broadcast, seconds, 1);
  else if (!strcmp(mode, "rtt")) {
    int has = -1;
    watch(ports[0].tty, 0, EPOLLIN, &has);
    has = -1;
    watch(ports[0].clients[0].fd, 1, EPOLLIN, &has);
    run_rtt();
  } else if (churn) run_churn();
  else if (!strcmp(mode, "baud")) run_baud();
  else if (idle) {
    if (fgets(line, sizeof line, stdin) == NULL) return 1;
    printf("{\"ok\":true}\n");
  }
  /* Who measures has a look at the daemon before its devices go. */
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL) return bad ? 1 : 0;
  return bad ? 1 : 0;
}
