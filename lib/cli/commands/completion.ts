import { usageError } from '../cli-error.js';
import type { Command, CommandEntry } from '../command.js';
import { COMMON_OPTIONS, type OptionSpecs } from '../options.js';

/** What a shell is told of a command. */
interface KnownCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  readonly words: readonly string[] | undefined;
}

const SCRIPTS = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]);

/** `nestjs-jstp completion`, of these commands. */
export const completionCommand = (entries: Readonly<Record<string, CommandEntry>>): Command => ({
  usage: 'bash|zsh|fish',
  details: [
    'Prints the script that completes commands and options. For bash: source <(nestjs-jstp completion bash) in ~/.bashrc; for zsh the same with zsh in ~/.zshrc, behind compinit; for fish: nestjs-jstp completion fish > ~/.config/fish/completions/nestjs-jstp.fish',
  ],
  options: {},
  examples: [{ text: 'for this bash', line: 'completion bash > /tmp/completion && source /tmp/completion' }],
  positionals: [1, 1],
  words: [...SCRIPTS.keys()],
  run: async ({ positionals: [shell], output }) => {
    const script = SCRIPTS.get(shell);
    if (!script) throw usageError('The shell must be bash, zsh or fish');
    const commands = await Promise.all(Object.entries(entries).map(knownCommand));
    await output.line(script(commands));
  },
});

async function knownCommand([name, { summary, load }]: [string, CommandEntry]): Promise<KnownCommand> {
  const { options, words } = await load();
  return { name, summary, options: { ...options, ...COMMON_OPTIONS }, words };
}

function optionNames(options: OptionSpecs): string {
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(' ');
}

function fileOptions(commands: readonly KnownCommand[]): string[] {
  const names = commands.flatMap(({ options }) =>
    Object.entries(options).flatMap(([name, { isFile }]) => (isFile ? [`--${name}`] : [])),
  );
  return [...new Set(names)];
}

function bash(commands: readonly KnownCommand[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const own = words ? ` own='${words.join(' ')}'` : '';
    return `    ${name}) words='${optionNames(options)}'${own} ;;`;
  });
  return `_nestjs_jstp() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words own
  case $before in
    ${fileOptions(commands).join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) if [ -n "$own" ]; then COMPREPLY=($(compgen -W "$own" -- "$word"))
       else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -o filenames -F _nestjs_jstp nestjs-jstp`;
}

function zsh(commands: readonly KnownCommand[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const argument = words ? `:argument:(${words.join(' ')})` : '*::argument:_files';
    const specs = Object.entries(options).map(([option, { type, multiple, value, isFile, description }]) => {
      const action = type === 'boolean' ? '' : `:${value ?? 'value'}:${isFile ? '_files' : ''}`;
      return `      ${zshQuoted(`${multiple ? '*' : ''}--${option}[${description.replace(/[[\]:\\]/g, '\\$&')}]${action}`)}`;
    });
    return `    ${name}) _arguments \\\n${specs.join(' \\\n')} \\\n      '${argument}' ;;`;
  });
  const names = commands.map(
    ({ name, summary }) => `    ${zshQuoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`,
  );
  return `#compdef nestjs-jstp
_nestjs_jstp() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _nestjs_jstp nestjs-jstp`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(commands: readonly KnownCommand[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c nestjs-jstp -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...(words
      ? [`complete -c nestjs-jstp -n '__fish_seen_subcommand_from ${name}' -f -a '${words.join(' ')}'`]
      : []),
    ...Object.entries(options).map(([option, { type, short, isFile, description }]) => {
      const parts = [
        `complete -c nestjs-jstp -n '__fish_seen_subcommand_from ${name}' -l ${option}`,
        short === undefined ? '' : `-s ${short}`,
        type === 'boolean' ? '' : `-r${isFile ? ' -F' : ''}`,
        `-d ${quoted(description)}`,
      ];
      return parts.filter((part) => part !== '').join(' ');
    }),
  ]);
  return lines.join('\n');
}
