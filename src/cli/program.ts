import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import type { FileKind } from '../load/editor/editorschemas.ts'
import manifest from '../../package.json' with { type: 'json' }
import { printableLines } from '../render/text.ts'
import { withCure } from './ansibleoptions.ts'

/** The whole command line. What a command needs is imported when it runs, so that `--help` stays quick. */
export function commandLine(argv: string[] = []): Command {
  const program = new Command('provision')
  program
    .description('Agent-less provisioning over SSH: typed, idempotent tasks, exact dry runs.')
    .version(manifest.version, '-V, --version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true, subcommandTerm })
    .configureOutput({
      outputError: (said, write) => write(`${printableLines(withCure(said)).join('\n')}\n`),
    })
    .addHelpText('after', EXAMPLES)
  addRun(program, argv)
  addHosts(program)
  addCluster(program, argv)
  addFiles(program)
  addSecret(program)
  addLab(program)
  pointToHelp(program, program.name())
  return program
}

/** A mistake in the words of a command leads to the help of that command. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(see '${path} --help')`)
  for (const one of command.commands) pointToHelp(one, `${path} ${one.name()}`)
}

/** Without [options], which all have: the descriptions need the room. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`
    return one.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...words].join(' ')
}

const EXAMPLES = `
Examples:
  provision playbooks/cluster.yaml --check --diff  what would change
  provision playbooks/cluster.yaml --limit rpi14   only one host
  provision lab up                                 rehearse it on this machine
  provision playbooks/cluster.yaml --lab           run in the rehearsal
  provision run --help                             all options of a run

Exit codes: 0 as described, 1 usage, 2 changes pending (--check), 3 a host
failed, 4 a host was unreachable, 130 interrupted.`

function addRun(program: Command, argv: string[]): void {
  const run = program
    .command('run', { isDefault: true })
    .argument('<playbook>', 'the playbook to run')
    .description('run a playbook; the word "run" may be left out')
    .usage('<playbook> [options]')
  reach(run)
    .option('-l, --limit <pattern>', 'only these hosts, e.g. "agents:!rpi03"')
    .option('-t, --tags <tags>', 'only steps with these tags', words)
    .option('--skip-tags <tags>', 'not the steps with these tags', words)
    .addOption(new Option('-C, --check', 'show what would change; change nothing'))
    .addOption(new Option('--dry-run', 'the same as --check').implies({ check: true }))
    .option('-D, --diff', 'show how contents would change, or have changed')
    .option('-e, --extra-vars <k=v|@file>', 'set variables; may be given again', collect)
    .option('-f, --forks <n>', 'hosts worked on at the same time', positive, 50)
    .option('--yes-delete-data', 'agree that data is destroyed, where a playbook asks for that')
    .option('--yes', 'answer the questions that plays ask before they begin')
    .addOption(new Option('--output <how>', 'how to tell what happens').choices(['live', 'plain', 'json']))
    .option('-v, --verbose', 'also tell of steps with nothing to do')
    .option('--profile', 'show where the time went; with --output json on standard error')
    .action(async (playbook: string, options) => {
      const { run: start } = await import('./run.ts')
      process.exitCode = await start(playbook, options, argv)
    })
}

function addHosts(program: Command): void {
  reach(program.command('exec'))
    .description('run a command on hosts: provision exec agents -- uptime')
    .argument('<pattern>', 'the hosts')
    .argument('<command...>', 'the command, after --')
    .option('-b, --become', 'as root')
    .addOption(OUTPUT.text)
    .action(async (pattern: string, words: string[], options) => {
      const { exec } = await import('./adhoc.ts')
      process.exitCode = await exec(pattern, words, options)
    })
  reach(program.command('ping'))
    .description('see which hosts can be reached, and how fast')
    .argument('[pattern]', 'the hosts', 'all')
    .addOption(OUTPUT.text)
    .action(async (pattern: string, options) => {
      const { ping } = await import('./adhoc.ts')
      process.exitCode = await ping(pattern, options)
    })
  reach(program.command('facts'))
    .description('show what hosts say of themselves')
    .argument('[pattern]', 'the hosts', 'all')
    .addOption(OUTPUT.text)
    .action(async (pattern: string, options) => {
      const { facts } = await import('./adhoc.ts')
      process.exitCode = await facts(pattern, options)
    })
}

function addCluster(program: Command, argv: string[]): void {
  reach(program.command('status'))
    .description('show the cluster at a glance, and where it differs from the inventory; changes nothing')
    .argument('[pattern]', 'the hosts', 'all')
    .addOption(OUTPUT.text)
    .action(async (pattern: string, options) => {
      const { status } = await import('./status.ts')
      process.exitCode = await status(pattern, options)
    })
  reach(program.command('rebuild'))
    .description('bring a failed host back on a new machine, or on the old one: looks, shows its plan, asks')
    .argument('<host>')
    .addOption(
      new Option('--data <what>', 'keep the volumes on its SSD, or give up what is lost')
        .choices(['keep', 'lost'])
        .default('keep'),
    )
    .option('--check', 'show what was found and the plan; change nothing')
    .option('--yes', 'agree to the plan, and to a new SSH key of this host')
    .option('--powered-off', 'it does not answer, and I have seen that it has no power')
    .option('--accept-data-loss', 'with --data lost: also where there is no other copy')
    .option('--from <backup>', 'of the server and the access node: another backup than the newest')
    .addOption(new Option('--output <how>', 'how to tell what happens').choices(['live', 'plain', 'json']))
    .option('-v, --verbose', 'also tell of steps with nothing to do')
    .action(async (host: string, options) => {
      const { rebuild } = await import('./rebuild.ts')
      process.exitCode = await rebuild(host, options, argv)
    })
  reach(program.command('backup'))
    .description('keep what can not be made anew: datastore, keys and images, encrypted, on this machine')
    .option('--to <folder>', 'where backups are kept; default ~/.local/share/provision/backups')
    .option('--check', 'show what would be taken; write nothing')
    .option('--list', 'show the backups that there are; contact nothing')
    .option('--verify [backup]', 'read one again, the newest or the one named; contact nothing')
    .addOption(OUTPUT.text)
    .action(async (options) => {
      const { backup } = await import('./backup.ts')
      process.exitCode = await backup(options)
    })
  reach(program.command('dashboard'))
    .description('open the way to the Kubernetes dashboard, with a fresh token, until Ctrl-C')
    .option('--port <port>', 'port of this machine; 0: any that is free', port, 8001)
    .action(async (options) => {
      const { dashboard } = await import('./dashboard.ts')
      process.exitCode = await dashboard(options)
    })
}

function addFiles(program: Command): void {
  program
    .command('inventory')
    .description('show the inventory')
    .addOption(INVENTORY)
    .option('--graph', 'groups and their hosts (default)')
    .option('--list', 'everything as JSON')
    .option('--host <name>', 'the variables of one host')
    .addOption(OUTPUT.text)
    .action(async (options) => {
      const { showInventory } = await import('./inventory.ts')
      await showInventory(options)
    })
  program
    .command('explain')
    .description('what a variable is on a host, and every place that sets it; contact nothing')
    .argument('<host>', 'a host of the inventory')
    .argument('[variable]', 'without it: all variables of the host')
    .addOption(INVENTORY)
    .option('--playbook <file>', 'also what this playbook sets; may be given again', collect)
    .option('-e, --extra-vars <k=v|@file>', 'set variables; may be given again', collect)
    .addOption(OUTPUT.text)
    .action(async (host: string, variable: string | undefined, options) => {
      const { explain } = await import('./explain.ts')
      await explain(host, variable, options)
    })
  program
    .command('validate')
    .description('check a playbook and the inventory; contact nothing')
    .argument('<playbook>')
    .addOption(INVENTORY)
    .option('-e, --extra-vars <k=v|@file>', 'set variables; may be given again', collect)
    .option('--steps', 'list the plays with their hosts, and the steps with their tags')
    .addOption(OUTPUT.text)
    .action(async (playbook: string, options) => {
      const { validate } = await import('./validate.ts')
      process.exitCode = await validate(playbook, options)
    })
  program
    .command('docs')
    .description('the list of tasks, or the reference of one')
    .argument('[task]', 'its name; of a task of your own its file')
    .action(async (task?: string) => {
      const { showDocs } = await import('./docs.ts')
      await showDocs(task)
    })
  program
    .command('schema')
    .description('JSON Schemas for editors: inventory, playbook, vars or tasks')
    .addArgument(
      new Argument('[kind]', 'the kind of file').choices(['inventory', 'playbook', 'vars', 'tasks']),
    )
    .argument('[beside]', 'a playbook: also with the tasks of your own beside it')
    .action(async (kind?: FileKind, beside?: string) => {
      const { showSchema } = await import('./schema.ts')
      await showSchema(kind, beside)
    })
  program
    .command('completion')
    .description('completion for a shell: source <(provision completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completion } = await import('./completion.ts')
      process.stdout.write(completion(program, shell))
    })
}

function addSecret(program: Command): void {
  const secret = program
    .command('secret')
    .description('encrypt passwords and keys, so that they can lie in the repository')
  secret
    .command('keygen')
    .description('make your key: ~/.config/provision/identity, or what PROVISION_IDENTITY names')
    .action(async () => (await import('./secret.ts')).keygen())
  secret
    .command('encrypt')
    .description('encrypt files in place; without a file a value, typed or from standard input, as YAML')
    .argument('[file...]')
    .option('-n, --name <name>', 'name of the variable, for a value')
    .action(async (files: string[], options) => (await import('./secret.ts')).encryptSecrets(files, options))
  secret
    .command('decrypt')
    .description('print a file with its secrets in plain, or a value from standard input')
    .argument('[file]')
    .action(async (file?: string) => (await import('./secret.ts')).decryptSecrets(file))
  secret
    .command('edit')
    .description('open a file with its secrets in plain in $EDITOR, and encrypt it again')
    .argument('<file>')
    .action(async (file: string) => (await import('./secret.ts')).editSecrets(file))
  secret
    .command('rekey')
    .description('encrypt all secrets anew for those in .age-recipients')
    .argument('[path...]', 'files and folders; without any the present folder')
    .action(async (paths: string[]) => (await import('./secret.ts')).rekeySecrets(paths))
}

function addLab(program: Command): void {
  const lab = program
    .command('lab')
    .description('rehearse the inventory on this machine as real Debian hosts')
  lab
    .command('up')
    .description('boot what is missing')
    .addOption(INVENTORY)
    .option('-y, --yes', 'install missing Debian packages without asking')
    .action(async (options) => {
      const { up } = await import('./lab.ts')
      process.exitCode = await up(options)
    })
  lab
    .command('down')
    .description('remove the lab and everything in it')
    .action(async () => {
      const { down } = await import('./lab.ts')
      await down()
    })
  lab
    .command('status')
    .description('show its nodes')
    .addOption(OUTPUT.text)
    .action(async (options) => {
      const { status } = await import('./lab.ts')
      process.exitCode = await status(options)
    })
  lab
    .command('ssh')
    .description('a shell on a node')
    .argument('<host>')
    .action(async (host: string) => {
      const { ssh } = await import('./lab.ts')
      process.exitCode = await ssh(host)
    })
  lab
    .command('fault')
    .description('break a node, or mend it again; without words the list of what can be done')
    .argument('[host]')
    .argument('[fault]')
    .argument('[argument]')
    .action(async (host?: string, fault?: string, argument?: string) => {
      const { injectFault } = await import('./lab.ts')
      await injectFault(host, fault, argument)
    })
}

const INVENTORY = new Option(
  '-i, --inventory <file>',
  'the hosts: a file, folder, program or list; may be given again',
)
  .default(['inventory.yaml'], 'inventory.yaml')
  .argParser(inventories)
const OUTPUT = {
  text: new Option('--output <how>', 'text or json').choices(['text', 'json']).default('text'),
}

/** The options of every command that talks to hosts. */
function reach(command: Command): Command {
  return command
    .addOption(INVENTORY)
    .option('--lab', 'in the rehearsal lab instead of on the real hosts')
    .option('--real', 'on the real hosts although a lab that plays them is up')
    .option('-K, --ask-become-pass', 'ask for the sudo password at the start')
}

function words(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').map((word) => word.trim())]
}

/** The first one given takes the place of the default. */
function inventories(text: string, before: string[] & { given?: true }): string[] {
  return Object.assign(before.given ? [...before, text] : [text], { given: true as const })
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

function positive(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('A whole number from 1 on is needed.')
  return number
}

function port(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('A number from 0 to 65535 is needed.')
  return number
}
