import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** A command that can be typed, by the words that lead to it. */
interface Place {
  /** Such as `keys create`; '' is the program itself. */
  readonly path: string;
  readonly commands: readonly Command[];
  readonly options: readonly Option[];
}

/** What a shell has to run, once for each session, to complete the commands and options of a program. */
export function completionScript(shell: Shell, program: Command): string {
  const places = placesOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(program.name(), places);
    case 'zsh':
      // zsh brings along what runs completions of bash.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(program.name(), places)}`;
    case 'fish':
      return fish(program.name(), places);
  }
}

function placesOf(command: Command, path: string): Place[] {
  const below = command.commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`.trim()));
  return [{ path, commands: command.commands, options: command.options }, ...below];
}

function bash(name: string, places: readonly Place[]): string {
  const known = places.map(({ path }) => `'${path}'`).slice(1);
  const offers = places.map(({ path, commands, options }) => {
    const words = [
      ...commands.map((command) => command.name()),
      ...options.flatMap(({ long }) => long ?? []),
      '--help',
    ];
    return `    '${path}') words='${words.join(' ')}' ;;`;
  });
  const choices = places.flatMap(({ path, options }) =>
    options.flatMap(({ long, argChoices }) =>
      argChoices === undefined ? [] : [`    '${path} ${long ?? ''}') words='${argChoices.join(' ')}' ;;`],
    ),
  );
  return `_${name}() {
  local path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${known.join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${offers.join('\n')}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${name} ${name}`;
}

function fish(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const there = conditionOf(path, commands);
    return [
      ...commands.map(
        (command) => `complete -c ${name} -f -n '${there}' -a ${command.name()} -d ${quoted(command.description())}`,
      ),
      ...options.map(({ long, description, argChoices, required }) => {
        const takes = argChoices === undefined ? (required ? ' -r' : '') : ` -x -a '${argChoices.join(' ')}'`;
        return `complete -c ${name} -n '${there}' -l ${(long ?? '').slice(2)}${takes} -d ${quoted(description)}`;
      }),
    ];
  });
  return lines.join('\n');
}

/** Whether what was typed so far has led here, and not further. */
function conditionOf(path: string, commands: readonly Command[]): string {
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const further = commands.map((command) => command.name()).join(' ');
  if (path === '') return '__fish_use_subcommand';
  return [...seen, ...(further === '' ? [] : [`not __fish_seen_subcommand_from ${further}`])].join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
