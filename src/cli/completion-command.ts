import { Argument, type Command } from 'commander';
import { completionScript, type Shell, SHELLS } from './completion.js';
import type { Session } from './session.js';

const ABOUT = `
  bash:  source <(evercount completion bash)            in ~/.bashrc
  zsh:   source <(evercount completion zsh)             in ~/.zshrc
  fish:  evercount completion fish | source             in ~/.config/fish/config.fish`;

/** `completion`: lets a shell complete what is typed. */
export function addCompletion(program: Command, { terminal }: Session): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('print what lets a shell complete commands and options')
    .addHelpText('after', ABOUT)
    .action((shell: Shell) => terminal.print(completionScript(shell, program)));
}
