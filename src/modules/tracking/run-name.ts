/** Names for runs that came without one: `bold-otter-417`, as MLflow's clients expect. */
import type { Ids } from '../../ports/clock.ts';

const ADJECTIVES =
  'able agile amber bold brave bright calm clean clever crisp deft eager fair fast fine firm fond glad gold grand keen kind loud lucid lucky mild neat noble polite proud quick quiet rare ready rich sharp shy silent sleek smart smooth stately steady sunny swift tidy trim vivid warm wise'.split(
    ' ',
  );
const NOUNS =
  'ant ape bass bat bear bee bird boar bug calf carp cat chimp cod colt conch cow crab crane crow cub deer dog dolphin donkey dove duck eel elk fawn finch fish flea foal fowl fox frog gnat goat goose grouse grub gull hare hawk hen hog horse hound jay kit koi lamb lark loon lynx mare mink mole moth mouse mule newt otter owl panda perch pig pug quail ram rat ray robin roo rook seal shad shark sheep shoat shrew shrike skink skunk sloth slug smelt snail snake snipe sow sponge squid squirrel stag steed stoat stork swan tern toad trout turtle vole wasp whale wolf worm wren yak zebra'.split(
    ' ',
  );

export function randomRunName(ids: Ids): string {
  const random = Number.parseInt(ids.hex(12), 16);
  const adjective = ADJECTIVES[random % ADJECTIVES.length] ?? 'plain';
  const noun = NOUNS[Math.floor(random / 64) % NOUNS.length] ?? 'otter';
  return `${adjective}-${noun}-${Math.floor(random / 8192) % 1000}`;
}
