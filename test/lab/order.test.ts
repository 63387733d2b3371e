import assert from 'node:assert/strict'
import { failuresOf, look, play, useSmallLab } from './small.ts'

const HOST = 'rpi02'

/** A play of steps for one host of the lab. */
function steps(text: string): string {
  const tasks = text.trim().replaceAll(/^/gm, '    ')
  return `- hosts: ${HOST}\n  become: true\n  tasks:\n${tasks}\n`
}

describe('steps of a play that depend on each other', function () {
  this.timeout(120_000)
  this.slow(10_000)
  useSmallLab()

  it('a restart takes in the first drop-in of a unit', async () => {
    const unit =
      'systemd: { unit: order, content: "[Service]\\nExecStart=/bin/sleep infinity\\n", state: started }'
    const folder = '/etc/systemd/system/order.service.d'
    const dropIn = `copy: { dest: ${folder}/10.conf, content: "[Service]\\nLimitNOFILE=4096\\n" }\n  notify: restart`
    const handler = '  handlers:\n    - { name: restart, systemd: { unit: order, state: restarted } }\n'
    const made = await play(
      `${steps(`- ${unit}\n- file: { path: ${folder}, state: directory }\n- ${dropIn}`)}${handler}`,
    )
    assert.deepEqual([failuresOf(made), made.code], [[], 0])
    assert.equal(
      await look(HOST, 'cat /proc/$(systemctl show -p MainPID --value order)/limits | grep -c 4096'),
      '1\n',
    )
  })
})
