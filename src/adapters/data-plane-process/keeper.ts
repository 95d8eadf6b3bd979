/**
 * Keeps a gateway alive while no control plane looks: a shell loop of one megabyte above it that starts it again, with back-off,
 * when it ended by a fault. It holds no sockets and knows no routes; the gateway has both on disk.
 *
 * Exit codes of the gateway: 0 and the signals TERM and INT: asked to end. 1: cannot start (a taken port, a wrong setting), which
 * is no fault unless it has been up before. 3: another gateway of the home lives. Everything else: a fault.
 *
 * 132 to 136 and 139 are the signals of native code that went wrong (ILL, TRAP, ABRT, BUS, FPE, SEGV): the next gateways are told
 * (`--after-fault`), and keep the models in processes of their own. The channel (fd 3) to the gateway that the first one replaced is
 * of no use to a second.
 */
const LOOP = `
trap '' HUP
PATH=$PATH:/usr/bin:/bin
delay=0
was_up=0
after=
while :; do
  began=$(date +%s)
  "$@" $after
  code=$?
  unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
  exec 3>&-
  case $code in
    0|3|130|143) exit 0 ;;
    1) [ $was_up = 1 ] || exit 1 ;;
    13[2-6]|139) was_up=1; after=--after-fault ;;
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
