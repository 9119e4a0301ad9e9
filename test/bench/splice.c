/*
 * splice: the least a program can do between a terminal and a TCP port: one epoll loop of read() and write(), for comparison.
 *
 *   splice LINKDIR BASEPORT PORTS
 *
 * Port BASEPORT+i is joined to LINKDIR/i. Any number of clients; each gets what the terminal says. Nothing else is done.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { SIZE = 16384, CLIENTS = 128 };
typedef struct End {
  int fd, port, client; /* client -1: the terminal, -2: the listener */
  int blocked;          /* others that wait until this one takes data */
  char buf[SIZE];
  int at, end; /* what it still has to write, taken from whom it is read */
} End;
typedef struct {
  End *tty, *listener, *clients[CLIENTS];
  int nclients;
} Port;
static Port *ports;
static int ep;

static void want(End *e, int events) {
  struct epoll_event ev = {.events = events, .data.ptr = e};
  if (epoll_ctl(ep, EPOLL_CTL_MOD, e->fd, &ev) < 0 && errno == ENOENT) epoll_ctl(ep, EPOLL_CTL_ADD, e->fd, &ev);
}
static End *make(int fd, int port, int client) {
  End *e = calloc(1, sizeof *e);
  e->fd = fd, e->port = port, e->client = client;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  want(e, EPOLLIN);
  return e;
}
/* A port is read from its terminal while no client has something left to write, and the other way round. */
static void regulate(Port *p) {
  int full = 0;
  for (int i = 0; i < p->nclients; i++)
    if (p->clients[i]->at < p->clients[i]->end) full = 1;
  int tty_full = p->tty->at < p->tty->end;
  want(p->tty, (full ? 0 : EPOLLIN) | (tty_full ? EPOLLOUT : 0));
  for (int i = 0; i < p->nclients; i++) {
    End *c = p->clients[i];
    want(c, (tty_full ? 0 : EPOLLIN) | (c->at < c->end ? EPOLLOUT : 0));
  }
}
static int give(End *to, const char *data, int n) {
  ssize_t w = write(to->fd, data, n);
  if (w < 0) w = 0;
  if (w == n) return 0;
  memcpy(to->buf, data + w, n - w);
  to->at = 0, to->end = n - w;
  return 1;
}
static void drop(Port *p, End *c) {
  close(c->fd);
  for (int i = 0; i < p->nclients; i++)
    if (p->clients[i] == c) p->clients[i] = p->clients[--p->nclients];
  free(c);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int base = atoi(argv[2]), n = atoi(argv[3]), one = 1;
  static char buf[SIZE];
  signal(SIGPIPE, SIG_IGN);
  ep = epoll_create1(0);
  ports = calloc(n, sizeof *ports);
  for (int i = 0; i < n; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s/%d", argv[1], i);
    int tty = open(path, O_RDWR | O_NOCTTY);
    struct termios t;
    if (tty < 0 || tcgetattr(tty, &t) < 0) return 1;
    cfmakeraw(&t);
    tcsetattr(tty, TCSANOW, &t);
    ports[i].tty = make(tty, i, -1);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(base + i), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 128) < 0) return 1;
    ports[i].listener = make(fd, i, -2);
  }
  for (;;) {
    struct epoll_event events[64];
    int got = epoll_wait(ep, events, 64, -1);
    for (int k = 0; k < got; k++) {
      End *e = events[k].data.ptr;
      Port *p = &ports[e->port];
      if (e->client == -2) {
        int fd = accept(e->fd, NULL, NULL);
        if (fd < 0) continue;
        if (p->nclients == CLIENTS) {
          close(fd);
          continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        p->clients[p->nclients++] = make(fd, e->port, 0);
        continue;
      }
      int changed = 0;
      if ((events[k].events & EPOLLOUT) && e->at < e->end) {
        ssize_t w = write(e->fd, e->buf + e->at, e->end - e->at);
        if (w > 0) e->at += w;
        changed = e->at == e->end;
      }
      if (events[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t r = read(e->fd, buf, SIZE);
        if (r > 0 && e->client == -1) {
          for (int i = 0; i < p->nclients; i++) changed |= give(p->clients[i], buf, (int)r);
        } else if (r > 0) changed |= give(p->tty, buf, (int)r);
        else if (r == 0 || errno != EAGAIN) {
          if (e->client == -1) return 0;
          drop(p, e);
          changed = 1;
        }
      }
      if (changed) regulate(p);
    }
  }
}
