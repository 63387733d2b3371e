import assert from 'node:assert/strict'
import { commandLine } from '../../src/cli/program.ts'
import { withCommand } from '../../src/cli/words.ts'
import { UsageError } from '../../src/core/errors.ts'

/** The command line as it is run, and what commander says meanwhile. */
function given(...argv: string[]): { words: () => string[]; said: string[] } {
  const said: string[] = []
  const program = commandLine(argv)
  program.configureOutput({ writeErr: (text) => said.push(text), writeOut: (text) => said.push(text) })
  return { words: () => withCommand(program, argv), said }
}

describe('words of the command line', () => {
  it('may leave out "run"', () => {
    assert.deepEqual(given('a.yaml', '--help').words(), ['run', 'a.yaml', '--help'])
    assert.deepEqual(given('playbooks').words(), ['run', 'playbooks'])
    for (const words of [['run', 'a.yaml'], ['lab', 'up'], ['--version'], ['help', 'lab']])
      assert.deepEqual(given(...words).words(), words)
  })

  it('name a command or a playbook', () => {
    assert.throws(given('valdate', 'a.yaml').words, (error: UsageError) => {
      assert.deepEqual(
        error.diagnostics.map(({ message, hint }) => [message, hint]),
        [["'valdate' is neither a command nor a playbook", "did you mean 'validate'?"]],
      )
      return true
    })
  })

  it('show the help when there are none', () => {
    const { words, said } = given()
    assert.throws(words, { exitCode: 1 })
    assert.match(said.join(''), /^Usage: provision .*provision run --help/s)
  })

  it('that are wrong lead to the help of their command', () => {
    const program = commandLine()
    const said: string[] = []
    for (const one of [program, ...program.commands])
      one.configureOutput({ writeErr: (text) => said.push(text) }).exitOverride()
    assert.throws(() => program.parse(['exec', 'all'], { from: 'user' }))
    assert.match(said.join(''), /missing required argument 'command'\n\(see 'provision exec --help'\)/)
  })

  it('that only Ansible has are answered', () => {
    const said: string[] = []
    const refuse = (...argv: string[]): string => {
      const program = commandLine()
      for (const one of [program, ...program.commands])
        one.configureOutput({ writeErr: (text) => said.push(text) }).exitOverride()
      assert.throws(() => program.parse(argv, { from: 'user' }))
      return said.splice(0).join('')
    }
    assert.equal(
      refuse('run', 'p.yaml', '--list-tasks'),
      "error: unknown option '--list-tasks'\n  hint: write: provision validate PLAYBOOK --steps\n(see 'provision run --help')\n",
    )
    assert.match(refuse('run', 'p.yaml', '-u', 'root'), /hint: .*-e ansible_user=NAME/)
    assert.doesNotMatch(refuse('run', 'p.yaml', '--frobnicate'), /hint/)
  })

  it('are explained within 80 columns', () => {
    const program = commandLine()
    let help = ''
    program.configureOutput({ getOutHelpWidth: () => 80, writeOut: (text) => (help += text) })
    program.outputHelp()
    for (const one of program.commands)
      one.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    assert.deepEqual(
      help.split('\n').filter((line) => line.length > 80),
      [],
    )
    assert.doesNotMatch(help, /default: \[\]/)
  })
})
