# Completion of ser2net for bash. Made from the program's own tables.
# Names of the connections in the file of -c or --config, or of the service.
_ser2net_names() {
  local i file= CONFFILE=
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -c || ${COMP_WORDS[i]} == --config ]] && file=${COMP_WORDS[i+1]}
  done
  [[ -r /etc/default/ser2net ]] && . /etc/default/ser2net 2>/dev/null
  for file in "$file" "$CONFFILE" /etc/ser2net/ser2net.yaml /etc/ser2net.yaml; do
    [[ -n $file && -r $file ]] || continue
    sed -n 's/^connection:[[:space:]]*&\([A-Za-z0-9_.-]*\).*/\1/p' "$file"
    return
  done
}
_ser2net() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
    COMPREPLY=($(compgen -W 'check dump convert devices status health reload disconnect monitor init gencert passwd attach console capture replay' -- "$cur"))
    return
  fi
  case ${COMP_WORDS[1]} in
    check)
      case $prev in
        --for) COMPREPLY=($(compgen -W '3.5 4.3.11 4.6.7' -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '-q --quiet -W --warnings-ok --json --devices --listen --for --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    dump)
      case $prev in
        --for) COMPREPLY=($(compgen -W '3.5 4.3.11 4.6.7' -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '--origin --short --for --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    convert)
      case $prev in
        --from) COMPREPLY=($(compgen -W 'uci' -- "$cur")); return ;;
        --to) COMPREPLY=($(compgen -W 'v1 v2' -- "$cur")); return ;;
        -o|--output) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '--from --to --v1 --v2 -o --output --meant --inline --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    devices)
      case $prev in
        --port) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '--config --port --all --json --help' -- "$cur"))
      ;;
    status)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
        -o|--output) COMPREPLY=($(compgen -W 'table wide' -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin --json -o --output --watch --help' -- "$cur"))
      ;;
    health)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
        --pid-file) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin --pid-file --devices -q --quiet --self --help' -- "$cur"))
      ;;
    reload)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
        --pid-file) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin --pid-file --help' -- "$cur"))
      ;;
    disconnect)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin --help' -- "$cur"))
      [[ $cur == -* ]] || COMPREPLY+=($(compgen -W "$(_ser2net_names)" -- "$cur"))
      ;;
    monitor)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin --hex --help term tcp' -- "$cur"))
      [[ $cur == -* ]] || COMPREPLY+=($(compgen -W "$(_ser2net_names)" -- "$cur"))
      ;;
    init)
      case $prev in
        --port) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '--port --all --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    gencert)
      case $prev in
        --use) COMPREPLY=($(compgen -W 'server client' -- "$cur")); return ;;
        --key) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --cert) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --cn) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --days) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '--use --key --cert --cn --name --days --force --help' -- "$cur"))
      ;;
    passwd)
      case $prev in
        --authdir) compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '--authdir --print --plain --help' -- "$cur"))
      ;;
    attach)
      case $prev in
        --link) COMPREPLY=(); return ;;
        -P|--pidfile) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --user) COMPREPLY=(); return ;;
        --group) COMPREPLY=(); return ;;
        --mode) COMPREPLY=(); return ;;
        --tls-cert) COMPREPLY=(); return ;;
        --tls-key) COMPREPLY=(); return ;;
        --tls-ca) COMPREPLY=(); return ;;
        --tls-allow) COMPREPLY=(); return ;;
        --disconnect-after) COMPREPLY=(); return ;;
        --queue) COMPREPLY=(); return ;;
        --speed) COMPREPLY=(); return ;;
        --flow) COMPREPLY=($(compgen -W 'none xonxoff rtscts' -- "$cur")); return ;;
        --dtr) COMPREPLY=($(compgen -W 'on off open' -- "$cur")); return ;;
        --rts) COMPREPLY=($(compgen -W 'on off open' -- "$cur")); return ;;
        --retry-time) COMPREPLY=(); return ;;
        --retry-max) COMPREPLY=(); return ;;
        --connect-timeout) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '--link -n --foreground -d --debug -P --pidfile --user --group --mode --tls-cert --tls-key --tls-ca --tls-allow --on-demand --disconnect-after --hangup --queue --discard --discard-unread --speed --flow --fixed --dtr --rts --retry-time --retry-max --connect-timeout --hold --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    console)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --escape) COMPREPLY=(); return ;;
        --speed) COMPREPLY=(); return ;;
        --map) COMPREPLY=(); return ;;
        --log) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --history) COMPREPLY=(); return ;;
        --admin) COMPREPLY=(); return ;;
        --wait) COMPREPLY=(); return ;;
        --tls-cert) COMPREPLY=(); return ;;
        --tls-key) COMPREPLY=(); return ;;
        --tls-ca) COMPREPLY=(); return ;;
        --tls-allow) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --raw --escape --speed --hex --echo --timestamps --map --log --history --admin --reconnect --wait --tls-cert --tls-key --tls-ca --tls-allow --help' -- "$cur"))
      [[ $cur == -* ]] || COMPREPLY+=($(compgen -W "$(_ser2net_names)" -- "$cur"))
      ;;
    capture)
      case $prev in
        -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --admin) COMPREPLY=(); return ;;
        -w|--write) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --tls-cert) COMPREPLY=(); return ;;
        --tls-key) COMPREPLY=(); return ;;
        --tls-ca) COMPREPLY=(); return ;;
        --tls-allow) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '-c --config --admin -w --write --raw --tls-cert --tls-key --tls-ca --tls-allow --help' -- "$cur"))
      [[ $cur == -* ]] || COMPREPLY+=($(compgen -W "$(_ser2net_names)" -- "$cur"))
      ;;
    replay)
      case $prev in
        --device) COMPREPLY=(); return ;;
      esac
      COMPREPLY=($(compgen -W '--device --full-speed --help' -- "$cur"))
      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }
      ;;
    *)
      case $prev in
        -c) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        -C) COMPREPLY=(); return ;;
        -p) COMPREPLY=(); return ;;
        -P) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        -t) COMPREPLY=(); return ;;
        -s) COMPREPLY=(); return ;;
        -Y) COMPREPLY=(); return ;;
        -a) compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")); return ;;
        -A) compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")); return ;;
        --log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")); return ;;
        --log-level) COMPREPLY=($(compgen -W 'err warning notice info debug' -- "$cur")); return ;;
      esac
      COMPREPLY=($(compgen -W '-c -C -p -P -n -d -l -u -t -b -v -s -r -Y -a -A --check --dump --log-format --log-level --version --help' -- "$cur"))
      ;;
  esac
}
complete -F _ser2net ser2net
