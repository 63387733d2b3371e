import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completion } from '../../src/cli/completion.ts'
import { commandLine } from '../../src/cli/program.ts'
import { UsageError } from '../../src/core/errors.ts'
import { FILE_KINDS } from '../../src/load/editor/editorschemas.ts'

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `${completion(commandLine(), 'bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _provision; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'provision', ...words], {
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((line) => line !== '')
}

describe('completion', () => {
  it('offers commands, their subcommands and their options', () => {
    assert.deepEqual(offered('la'), ['lab'])
    assert.deepEqual(offered('lab', ''), ['up', 'down', 'status', 'ssh', 'fault'])
    assert.ok(offered('inventory', '--').includes('--graph'))
    assert.ok(!offered('inventory', '--').includes('--check'))
  })

  it('offers the options of a run after a playbook', () => {
    assert.deepEqual(offered('playbooks/cluster.yaml', '--che'), ['--check'])
    assert.deepEqual(offered('playbooks/cluster.yaml', '--output', ''), ['live', 'plain', 'json'])
    assert.deepEqual(offered('lab', 'status', '--output', ''), ['text', 'json'])
  })

  it('offers the names of tasks, shells and kinds of files', () => {
    assert.deepEqual(offered('docs', 'mou'), ['mount'])
    assert.deepEqual(offered('completion', ''), ['bash', 'zsh', 'fish'])
    assert.deepEqual(offered('schema', ''), Object.keys(FILE_KINDS))
  })

  it('is what each shell can read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'completion-'))
    for (const shell of ['bash', 'zsh', 'fish']) {
      if (spawnSync(shell, ['--version']).status !== 0) continue
      const file = join(folder, shell)
      writeFileSync(file, completion(commandLine(), shell))
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
      assert.deepEqual([shell, status, stderr], [shell, 0, ''])
    }
    rmSync(folder, { recursive: true })
  })

  it('says which shells there are', () => {
    assert.throws(
      () => completion(commandLine(), 'fihs'),
      (error) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.diagnostics[0]!.hint, "did you mean 'fish'?")
        return true
      },
    )
  })
})
