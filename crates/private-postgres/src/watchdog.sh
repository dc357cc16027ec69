# The end of a private server, run by /bin/sh as the server's user, in the state directory.
#
#   watch  waits, in the background, until nobody uses the server; then ends it.
#          Descriptors: 0 users.lock, 1 watchdog.lock (held), 2 start.lock.
#   now    ends it at once, for one who holds both locks. Descriptor: 0 users.lock (held).
#
# Then: flock or perl, the linger in seconds, `keep` or `remove`, the inode of users.lock.
# Every program that runs here closes 8, or it would hold watchdog.lock for a watchdog that is gone.

mode=$1 locker=$2 linger=$3 data_is=$4 inode=$5
trap '' HUP INT QUIT TERM
PATH=$PATH:/usr/bin:/bin
umask 077
exec 9<&0 8<&1 7<&2 </dev/null >/dev/null 2>&1

# lock wait|try|release DESCRIPTOR
lock() {
  case $locker:$1 in
    */perl:wait) set -- 2 "$2" ;;
    */perl:try) set -- 6 "$2" ;;
    */perl:release) set -- 8 "$2" ;;
    *:wait) set -- -x "$2" ;;
    *:try) set -- -xn "$2" ;;
    *:release) set -- -u "$2" ;;
  esac
  case $locker in
    */perl)
      "$locker" -e 'open(my $f, "+<&=", $ARGV[1]) or exit 2; exit(flock($f, $ARGV[0]) ? 0 : 1)' \
        "$@" 8<&- ;;
    *) "$locker" "$@" 8<&- ;;
  esac
}

# A throwaway may have been removed and made anew beside this watchdog, which then has no say in it.
is_current() {
  set -- $(ls -i users.lock 8<&-)
  [ "$1" = "$inode" ]
}

wait_until_unused() {
  while :; do
    until lock wait 9; do sleep 1 7<&- 8<&- 9<&-; done
    is_current || exit 0
    [ "$linger" -eq 0 ] && return
    last_user=$(cat users.lock 8<&-)
    lock release 9
    sleep "$linger" 7<&- 8<&- 9<&-
    # Somebody who came and went meanwhile has signed, and is owed the whole wait.
    lock try 9 && is_current && [ "$(cat users.lock 8<&-)" = "$last_user" ] && return
  done
}

# Whether process $1 is a server of this directory, and not a stranger with its number.
is_server() {
  if [ -e /proc/self/cwd ]; then [ "/proc/$1/cwd" -ef data ]; else kill -0 "$1"; fi
}

# stop_by SIGNAL SECONDS: sends the server one of the signals that end it ("Shutting Down the Server" in
# PostgreSQL's manual: INT is fast, QUIT immediate) and waits. Not by pg_ctl, which goes with its package,
# while a server that runs does not.
stop_by() {
  tenths=$(($2 * 10))
  is_server "$pid" && kill -s "$1" "$pid"
  while is_server "$pid"; do
    [ "$tenths" -gt 0 ] || return 1
    tenths=$((tenths - 1))
    sleep 0.1 8<&- || sleep 1 8<&-
  done
}

stop_server() {
  [ -f data/postmaster.pid ] || return 0
  { read -r pid; read -r _; read -r _; read -r _; read -r socket_dir; } <data/postmaster.pid
  stop_by INT 60 || stop_by QUIT 30 || return
  case $socket_dir in
    */private-pg-*)
      rm -f "$socket_dir/.s.PGSQL.5432" "$socket_dir/.s.PGSQL.5432.lock"
      rmdir "$socket_dir" ;;
  esac
  return 0
}

# users.lock goes last: whoever finds none makes the directory anew. Only what this crate has made
# goes, so that a mistaken path costs nobody their files.
remove_state() {
  rm -rf data data.new socket server.log server.log.old start.lock watchdog.lock ||
    { sleep 1; rm -rf data data.new socket; }
  rm -f users.lock
  rmdir "$(pwd -P)"
}

end() {
  stop_server || exit 1
  [ "$data_is" = remove ] && remove_state
  exit 0
}

watch() {
  wait_until_unused
  # One who was killed may have left an initdb or pg_ctl behind, which holds this lock.
  lock wait 7
  # Given back before users.lock is: the next user must be able to have a watchdog of its own.
  exec 8<&-
  end
}

if [ "$mode" = now ]; then end; fi
watch &
