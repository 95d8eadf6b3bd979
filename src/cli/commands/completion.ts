import { MillwrightError } from '../../domain/errors.ts';
import type { Session } from '../session.ts';

export function run({ out, commands }: Session, args: readonly string[]): Promise<void> {
  const names = commands.map((command) => command.name);
  const scripts: Readonly<Record<string, string>> = {
    bash: `_mw() { local cur=\${COMP_WORDS[COMP_CWORD]}; if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names.join(' ')}" -- "$cur")); else COMPREPLY=($(compgen -f -W "--json --quiet --home --url --help" -- "$cur")); fi; }\ncomplete -F _mw mw`,
    zsh: `#compdef mw\n_arguments '1:command:((${commands.map((command) => `${command.name}\\:"${command.summary.replaceAll('"', '')}"`).join(' ')}))' '*:file:_files'`,
    fish: commands
      .map(
        (command) =>
          `complete -c mw -n __fish_use_subcommand -a ${command.name} -d '${command.summary.replaceAll("'", '')}'`,
      )
      .join('\n'),
  };
  const script = scripts[args[0] ?? ''];
  if (script === undefined)
    throw new MillwrightError('MW-USAGE', `no completion for "${args[0] ?? ''}"`, {
      next: 'mw completion bash, zsh or fish',
    });
  out.result({ script }, () => [script]);
  return Promise.resolve();
}
