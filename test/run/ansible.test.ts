import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadProgram } from '../../src/load/compile.ts'
import { type Ran, run, useFolder } from './rig.ts'

/** Steps in Ansible's words that need no root, each building on those before. */
const STEPS = `
- hosts: all
  gather_facts: no
  vars: { base: BASE }
  tasks:
    - ansible.builtin.file: path={{ base }}/etc state=directory mode=0750
    - shell: printf '# settings\\n#Port 22\\nColor no\\n' > conf chdir={{ base }}/etc creates={{ base }}/etc/conf
    - ansible.builtin.copy: { src: p.yaml, dest: "{{ base }}/etc/", mode: "u=rw,g=r,o=" }
    - name: Set
      lineinfile:
        path: "{{ base }}/etc/conf"
        regexp: "^#?Port"
        line: Port 2222
      notify: count
    - lineinfile: dest={{ base }}/etc/conf line='Top yes' insertbefore=BOF
    - lineinfile: { path: "{{ base }}/etc/conf", regexp: "^Color", state: absent }
    - stat: path={{ base }}/made
      register: made
    - name: Make
      shell: printf '%s\\n' one two > made
      args: { chdir: "{{ base }}", creates: "{{ base }}/made" }
      when: not made.stat.exists
    - command: cat {{ base }}/made
      register: got
      changed_when: false
    - set_fact: { last: "{{ got.stdout_lines | last }}" }
    - assert:
        that:
          - got is succeeded
          - last == 'two'
        fail_msg: "{{ last }}"
        quiet: yes
    - file: { src: conf, dest: "{{ base }}/etc/{{ item }}", state: link }
      with_items: [a, [b]]
    - debug: msg="{{ ansible_distribution }} {{ last }}"
  handlers:
    - name: count
      shell: echo run >> {{ base }}/handled
`

describe('steps in the words of Ansible', () => {
  const folder = useFolder()
  async function apply(mode?: 'check'): Promise<Ran> {
    const [playbook, inventory] = [join(folder.path, 'p.yaml'), join(folder.path, 'i.yaml')]
    writeFileSync(playbook, STEPS.replace('BASE', folder.path).replace('  gather_facts: no\n', ''))
    writeFileSync(inventory, 'all: {hosts: {one: {connection: local}}}\n')
    return run(await loadProgram({ playbook, inventory }), mode)
  }

  it('do what they say, once', async () => {
    const checked = await apply('check')
    assert.equal(existsSync(join(folder.path, 'etc')), false)
    assert.equal(checked.exitCode, 2)
    const applied = await apply()
    assert.equal(applied.exitCode, 0, JSON.stringify(applied.events, null, 1))
    const read = (name: string): string => readFileSync(join(folder.path, name), 'utf8')
    assert.equal(read('etc/b'), 'Top yes\n# settings\nPort 2222\n')
    assert.equal(read('made') + read('handled'), 'one\ntwo\nrun\n')
    assert.equal(statSync(join(folder.path, 'etc/p.yaml')).mode & 0o777, 0o640)
    const again = await apply()
    assert.equal(again.exitCode, 0)
    assert.deepEqual(again.changes, [])
  })
})
