# Completion of ser2net for bash. Generated: npm run gen. Put it where bash-completion looks, or source it.
_ser2net() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=''
  COMPREPLY=()
  case ${COMP_WORDS[1]} in check | dump | convert | status | health | gencert | attach | console) [ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]} ;; esac
  case $command:$prev in
    :-c) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    :-C) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    :-p) :; return ;;
    :-P) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    :-t) :; return ;;
    :-s) :; return ;;
    :-Y) :; return ;;
    :-a) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    :-A) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    :--log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")); return ;;
    :--log-level) COMPREPLY=($(compgen -W 'err warning notice info debug' -- "$cur")); return ;;
    convert:--to) COMPREPLY=($(compgen -W 'v1 v2' -- "$cur")); return ;;
    status:-c) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    status:--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    status:--admin) :; return ;;
    health:-c) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    health:--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    health:--admin) :; return ;;
    health:--pid-file) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    gencert:--use) COMPREPLY=($(compgen -W 'server client' -- "$cur")); return ;;
    gencert:--key) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    gencert:--cert) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    gencert:--cn) :; return ;;
    gencert:--name) :; return ;;
    gencert:--days) :; return ;;
    attach:-P) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    attach:--pidfile) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    attach:--user) :; return ;;
    attach:--group) :; return ;;
    attach:--mode) :; return ;;
    attach:--tls-cert) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    attach:--tls-key) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    attach:--tls-ca) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    attach:--tls-allow) :; return ;;
    attach:--disconnect-after) :; return ;;
    attach:--queue) :; return ;;
    attach:--speed) :; return ;;
    attach:--flow) :; return ;;
    attach:--dtr) :; return ;;
    attach:--rts) :; return ;;
    attach:--retry-time) :; return ;;
    attach:--retry-max) :; return ;;
    attach:--connect-timeout) :; return ;;
    console:-c) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--escape) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--speed) :; return ;;
    console:--log) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--wait) :; return ;;
    console:--tls-cert) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--tls-key) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--tls-ca) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    console:--tls-allow) :; return ;;
  esac
  case $command in
    '') COMPREPLY=($(compgen -W 'check dump convert status health gencert attach console -c -C -p -P -n -d -l -u -t -b -v -s -r -Y -a -A --check --dump --log-format --log-level --version --help' -- "$cur")) ;;
    check) COMPREPLY=($(compgen -W '-q --quiet -W --warnings-ok --help' -- "$cur")); [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); } ;;
    dump) COMPREPLY=($(compgen -W '--help' -- "$cur")); [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); } ;;
    convert) COMPREPLY=($(compgen -W '--to --meant --help' -- "$cur")); [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); } ;;
    status) COMPREPLY=($(compgen -W '-c --config --admin --json --watch --help' -- "$cur")) ;;
    health) COMPREPLY=($(compgen -W '-c --config --admin --pid-file -q --quiet --help' -- "$cur")) ;;
    gencert) COMPREPLY=($(compgen -W '--use --key --cert --cn --name --days --force --help' -- "$cur")) ;;
    attach) COMPREPLY=($(compgen -W '-n --foreground -d --debug -P --pidfile --user --group --mode --tls-cert --tls-key --tls-ca --tls-allow --on-demand --disconnect-after --hangup --queue --discard --discard-unread --speed --flow --fixed --dtr --rts --retry-time --retry-max --connect-timeout --hold --help' -- "$cur")); [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); } ;;
    console) COMPREPLY=($(compgen -W '-c --config --raw --escape --speed --hex --echo --log --wait --tls-cert --tls-key --tls-ca --tls-allow --help' -- "$cur")) ;;
  esac
}
complete -F _ser2net ser2net
