/**
 * Keeps a gateway alive while no control plane looks: a shell loop of one megabyte above it that starts it again, with back-off,
 * when it ended by a fault. It holds no sockets and knows no routes; the gateway has both on disk.
 *
 * Exit codes of the gateway: 0 and the signals TERM and INT: asked to end. 1: cannot start (a taken port, a wrong setting), which
 * is no fault unless it has been up before. 3: another gateway of the home lives. Everything else: a fault.
 */
const LOOP = `
trap '' HUP
PATH=$PATH:/usr/bin:/bin
delay=0
was_up=0
while :; do
  began=$(date +%s)
  "$@"
  code=$?
  case $code in
    0|3|130|143) exit 0 ;;
    1) [ $was_up = 1 ] || exit 1 ;;
    *) was_up=1 ;;
  esac
  [ $(($(date +%s) - began)) -ge 60 ] && delay=0
  sleep $delay
  delay=$((delay * 2 + 1))
  [ $delay -gt 30 ] && delay=30
done
`;

/** The command that runs `command` under a keeper; the command itself where there is no POSIX shell. */
export function kept(command: readonly string[], platform: string = process.platform): readonly string[] {
  return platform === 'win32' ? command : ['/bin/sh', '-c', LOOP, 'mw-data-plane', ...command, '--kept'];
}
